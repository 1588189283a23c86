#include "tool/types_test/life.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <ostream>

#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/text_file.h"
#include "provider/local/as_account.h"
#include "tool/types_test/page.h"

namespace slipway::tool {

namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLookEvery{50};
constexpr std::string_view kMarkText = "slipway types test was here\n";

// As root, the account of the environments; nothing where this process is that account itself. The folder is what a
// document puts out, and a document may put out anything.
base::Result<std::optional<process::Account>> owner_of(const std::filesystem::path& folder) {
  struct stat facts{};
  if (::stat(folder.c_str(), &facts) != 0) return base::from_errno("looking at " + folder.native());
  if (::geteuid() != 0) return std::optional<process::Account>();
  if (facts.st_uid == 0) {
    return base::invalid(
        fmt::format("{}, which the launch puts out, belongs to root: it is no environment's folder.", folder.native()));
  }
  return std::optional(process::Account{
      .name = std::to_string(facts.st_uid), .uid = facts.st_uid, .gid = facts.st_gid, .home = folder.native()});
}

}  // namespace

base::Result<void> Life::step(std::string name, bool has, const Check& check) {
  LifeStep step{.name = std::move(name), .result = has ? "skipped" : "none", .seconds = 0};
  if (has && !failed_) {
    context_.err << step.name << " ...\n" << std::flush;
    const auto began = steady_clock::now();
    auto found = check();
    step.seconds = std::chrono::duration<double>(steady_clock::now() - began).count();
    step.result = found ? "ok" : "failed";
    if (!found && cli::is_interrupted(found.error())) return std::move(found).error();
    step.found = found ? *found : found.error().message;
    if (!found) step.lines = found.error().evidence;
    for (const auto& line : step.lines) context_.err << "  " << line << '\n';
    failed_ = !found;
  }
  steps_.push_back(std::move(step));
  return {};
}

base::Result<std::vector<LifeStep>> Life::run(const Leftovers& leftovers) {
  TRY(step("launch", true, [this] { return operate(Operation::launch); }));
  const bool launched = !failed_;
  TRY(step("connect", type_.connects, [this] { return check_connection(); }));
  TRY(step("stop", type_.stops, [this]() -> base::Result<std::string> {
    TRY(leave_mark());
    return operate(Operation::stop);
  }));
  TRY(step("start", type_.stops, [this] { return operate(Operation::start); }));
  TRY(step("kept", !type_.keeps.empty(), [this] { return find_mark(); }));
  const bool failed = failed_;
  failed_ = !launched && !environment_.look(client_).value_or(std::nullopt);  // what is not there cannot end
  TRY(step("terminate", true, [this] { return operate(Operation::terminate); }));
  TRY(step("leftovers", true, [&]() -> base::Result<std::string> {
    const auto left = TRY(leftovers());
    if (left.empty()) return std::string("no process, no folder, no port, no record of a resource");
    return base::unavailable(fmt::format("left: {}", fmt::join(left, "; ")));
  }));
  failed_ = failed_ || failed;
  return steps_;
}

base::Result<std::string> Life::operate(Operation operation) {
  TRY(environment_.ask(client_, operation));
  for (const auto until = steady_clock::now() + limit_;;) {
    const auto seen = TRY(environment_.look(client_));
    if (!seen) return base::not_found("The environment is gone.");
    if (seen->status == wanted(operation)) return fmt::format("{} is {}", environment_.name(), seen->status);
    if (seen->held == to_string(operation))
      return base::unavailable("An execution waits for a person: what became of a call is unknown.");
    if (seen->status.find("failed") != std::string::npos) {
      auto error = base::unavailable(seen->reason);
      error.evidence = seen->lines;
      return error;
    }
    if (steady_clock::now() > until) {
      return base::timed_out(
          fmt::format("It is {} after {} s{}.", seen->status, limit_.count(), environment_.doing(client_)));
    }
    if (!context_.pause(kLookEvery)) return cli::interrupted();
  }
}

base::Result<std::string> Life::check_connection() {
  const auto given = TRY(environment_.connect(client_));
  std::vector<std::string> missing;
  std::string_view opened;
  for (const auto& key : type_.keys) {
    const auto* value = given.if_contains(key);
    if (value == nullptr || value->is_null() || (value->is_string() && value->get_string().empty())) {
      missing.push_back(key);
      continue;
    }
    const auto url = value->is_string() ? std::string(value->get_string()) : std::string();
    if (!leads_through(client_.connection(), url)) continue;
    TRY(open_page(client_.connection(), url));
    opened = ", which opens";
  }
  if (missing.empty()) return fmt::format("gives {}{}", fmt::join(type_.keys, ", "), opened);
  return base::unavailable(fmt::format("connect gives no {}", fmt::join(missing, ", ")));
}

// A file that must be there, as it is, after stop and start. It is made and read with the rights of whom the
// environment's folder belongs to: whatever lies in its way leads no further than the environment itself gets.
base::Result<void> Life::leave_mark() {
  if (type_.keeps.empty()) return {};
  const std::filesystem::path folder = TRY(environment_.directory(client_));
  if (folder.empty()) {
    return base::invalid("The type says test.keeps, and its launch document has no output Directory or Folder.",
                         "test.keeps");
  }
  owner_ = TRY(owner_of(folder));
  mark_ = folder / type_.keeps;
  const provider::local::AsAccount as(owner_);
  std::error_code failed;
  std::filesystem::create_directories(mark_.parent_path(), failed);
  std::ofstream file(mark_);
  file << kMarkText;
  if (!file.flush()) return base::from_errno("writing " + mark_.native());
  return {};
}

base::Result<std::string> Life::find_mark() const {
  const provider::local::AsAccount as(owner_);
  auto text = cli::read_text_file(mark_);
  if (!text) return std::move(text).error();
  if (*text == kMarkText) return fmt::format("{} is as it was before the stop", type_.keeps);
  return base::unavailable(fmt::format("{} is not what it was before the stop", type_.keeps));
}

}  // namespace slipway::tool
