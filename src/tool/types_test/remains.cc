#include "tool/types_test/remains.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <sstream>

#include "base/text.h"
#include "cli/footprint.h"
#include "storage/sqlite/readers.h"
#include "tool/archive.h"
#include "tool/database_check.h"

namespace slipway::tool {

namespace {

namespace fs = std::filesystem;
using storage::Row;

std::string read_all(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Program {
  std::string command;  // words with blanks between
  std::string process;  // folder of the supervisor that started it, from its environment
  pid_t parent = 0;
};

std::optional<Program> program_of(const fs::path& entry) {
  const auto environment = read_all(entry / "environ");
  for (const auto variable : base::split(environment, '\0')) {
    constexpr std::string_view kMark = "SLIPWAY_PROCESS=";
    if (!variable.starts_with(kMark)) continue;
    Program program{.command = read_all(entry / "cmdline"), .process = std::string(variable.substr(kMark.size()))};
    std::ranges::replace(program.command, '\0', ' ');
    const auto stat = read_all(entry / "stat");
    const auto close = stat.rfind(')');
    if (close == std::string::npos || program.command.empty()) return std::nullopt;
    const auto fields = base::split(std::string_view(stat).substr(close + 2), ' ');
    if (fields.size() > 1) std::from_chars(fields[1].data(), fields[1].data() + fields[1].size(), program.parent);
    return program;
  }
  return std::nullopt;
}

// Programs that a supervisor started, not those that they started in turn: whose parent has no such mark.
std::vector<Program> supervised(const std::string& below) {
  std::map<pid_t, Program> all;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator("/proc", failed)) {
    const std::string name = entry.path().filename();
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ptr != name.data() + name.size()) continue;
    auto program = program_of(entry.path());
    if (program && program->process.starts_with(below)) all.emplace(pid, std::move(*program));
  }
  std::vector<Program> found;
  for (const auto& [pid, program] : all) {
    if (!all.contains(program.parent)) found.push_back(program);
  }
  return found;
}

// Each row of a query as one line.
base::Result<void> lines_of(storage::Connection& connection, std::string_view sql, std::vector<std::string>& lines) {
  return connection.query(sql, {}, [&](const Row& row) { lines.emplace_back(row.text(0)); });
}

base::Result<std::vector<std::string>> lines_of(const TestBroker& broker,
                                                std::initializer_list<std::string_view> queries) {
  std::vector<std::string> lines;
  storage::sqlite::Readers readers(broker.data() / "slipway.db");
  TRY(readers.run([&](storage::Connection& connection) -> base::Result<void> {
    for (const auto sql : queries) TRY(lines_of(connection, sql, lines));
    return {};
  }));
  return lines;
}

}  // namespace

void ProgramWatch::look() {
  const auto below = folder_.native() + "/";
  programs_.clear();
  std::set<std::string> once, twice;
  for (const auto& program : supervised(below)) {
    const auto inside = std::string_view(program.process).substr(below.size());
    const auto slash = inside.find('/');
    programs_.emplace(slash == std::string_view::npos ? "" : inside.substr(slash + 1));
    if (!once.insert(program.command).second) twice.insert(program.command);
  }
  for (const auto& command : twice) {
    if (suspects_.contains(command)) doubles_.insert(fmt::format("runs twice: {}", command));
  }
  suspects_ = std::move(twice);
}

base::Result<std::vector<std::string>> orphans(const TestBroker& broker) {
  auto found = TRY(lines_of(
      broker, {"SELECT 'port row ' || port FROM port ORDER BY port",
               "SELECT 'resource ' || kind || ' ' || locator || ' is ' || state FROM resource WHERE state <> 'gone'",
               "SELECT kind || ' has not ended: ' || state FROM execution WHERE ended_at IS NULL",
               "SELECT 'environment ' || name || ' is ' || status FROM environment WHERE status <> 'terminated'"}));
  const auto& place = broker.place();
  for (const auto& process : cli::footprint(place.folder).processes) {
    found.push_back(fmt::format("process {} {}", process.pid, process.name));
  }
  for (const int port : cli::listened_ports()) {
    if (port >= place.first_port && port <= place.last_port) found.push_back(fmt::format("port {}", port));
  }
  for (const auto& folder : {broker.environments(), broker.sockets()}) {
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(folder, failed)) {
      // Hidden files are the broker's own, such as the mark whose folder it is.
      if (!entry.path().filename().native().starts_with('.')) found.push_back(entry.path().native());
    }
  }
  return found;
}

base::Result<std::vector<std::string>> broken_invariants(const TestBroker& broker) {
  // Here somebody could say what became of each call, but of an unsafe one, for which a person was asked; and each
  // operation was asked for once.
  auto found = TRY(lines_of(
      broker,
      {"SELECT 'effect of ' || f.step || ' is ' || f.state FROM effect f JOIN execution e ON e.id = f.execution_id "
       "WHERE e.ended_at IS NOT NULL AND f.state = 'ambiguous' AND f.effect_class <> 'unsafe'",
       "SELECT 'the unsafe call of ' || step || ' was made ' || sends || ' times' FROM effect "
       "WHERE effect_class = 'unsafe' AND sends > 1",
       "SELECT kind || ' was executed ' || COUNT(*) || ' times' FROM execution WHERE parent_id = '' AND retry_of = '' "
       "GROUP BY environment_id, kind HAVING COUNT(*) > 1",
       "SELECT name || ' was launched ' || COUNT(*) || ' times' FROM environment GROUP BY name HAVING COUNT(*) > 1"}));
  const auto scratch = TRY(StagingFolder::make_in(fs::temp_directory_path()));
  const auto check = TRY(check_database(broker.data() / "slipway.db", broker.data() / "sealing.key", scratch.path()));
  for (const auto& broken : check.broken) {
    found.push_back(fmt::format("{}: {}: {}", broken.invariant, broken.where, broken.what));
  }
  return found;
}

}  // namespace slipway::tool
