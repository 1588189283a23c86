#include "broker/types.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <system_error>

#include "base/text.h"
#include "net/deadline.h"
#include "observe/log.h"
#include "workflow/problem.h"

namespace slipway::broker {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMostNamed = 12;  // of types, in a message

base::Error cannot_read(const fs::path& root, const std::error_code& failed) {
  return base::not_found(
      fmt::format("The folder of environment types, {}, cannot be read: {}. Set `types_dir` to the folder that holds "
                  "them, and `more_types` to folders that are there.",
                  root.string(), failed.message()));
}

// `root` and every folder below it, hidden ones left out.
std::vector<fs::path> folders_below(const fs::path& root) {
  std::error_code failed;
  std::vector<fs::path> folders{fs::weakly_canonical(root, failed)};
  for (auto entry = fs::recursive_directory_iterator(root, failed); !failed && entry != end(entry);
       entry.increment(failed)) {
    if (!entry->is_directory(failed) || entry->is_symlink(failed)) continue;
    if (entry->path().filename().string().starts_with('.')) {
      entry.disable_recursion_pending();
    } else {
      folders.push_back(entry->path());
    }
  }
  return folders;
}

ReadType read_row(const storage::TypeVersionRow& row, const workflow::ActionRegistry& actions,
                  const TypeExtensions& extensions) {
  boost::system::error_code failed;
  const auto json = boost::json::parse(row.files, failed);
  const auto files =
      failed || !json.is_object() ? base::internal("it is no JSON") : files_from_json(row.name, json.get_object());
  if (files) return read_type(*files, actions, extensions);
  return {.type = nullptr, .problems = {{"E-FILE", row.name, "", {1, 1}, files.error().message}}};
}

void warn(const std::string& name, const std::vector<workflow::Problem>& problems) {
  for (const auto& problem : problems) {
    if (!problem.warning()) continue;
    observe::warning("a document has a weakness", {{"type", name}, {"problem", workflow::to_string(problem)}});
  }
}

}  // namespace

struct TypeRegistry::Folder {
  fs::path path;
  std::string name;
  std::string sha256;
  bool same = false;  // as it was when it was read last
  TypeFiles files;
  ReadType read;
  std::string problem;
};

TypeRegistry::TypeRegistry(net::Runtime& runtime, storage::Database& database, const base::Clock& clock,
                           const workflow::ActionRegistry& actions, TypeSettings settings)
    : runtime_(runtime),
      database_(database),
      clock_(clock),
      actions_(actions),
      settings_(std::move(settings)),
      watch_(TypeWatch::open(runtime).value()),
      tasks_(runtime) {}

TypeRegistry::~TypeRegistry() = default;

net::Task<void> TypeRegistry::start() {
  CO_TRY(co_await net::run_blocking<void>(runtime_, [this]() -> base::Result<void> {
    for (const auto& root : settings_.roots) {
      std::error_code failed;
      fs::directory_iterator look(root, failed);
      if (failed) return cannot_read(root, failed);
    }
    return {};
  }));
  CO_TRY(co_await load_stored());
  CO_TRY(co_await reload());
  tasks_.spawn("types", [this] { return follow(); });
  co_return base::Result<void>();
}

boost::asio::awaitable<void> TypeRegistry::stop() {
  tasks_.cancel();
  co_await tasks_.join();
}

net::Task<void> TypeRegistry::load_stored() {
  std::vector<storage::TypeVersionRow> rows;
  std::size_t currents = 0;
  CO_TRY(co_await database_.read([&](storage::Connection& connection) -> base::Result<void> {
    rows = TRY(storage::list_current_types(connection));
    currents = rows.size();
    for (auto& row : TRY(storage::list_types_in_use(connection))) rows.push_back(std::move(row));
    return {};
  }));
  const auto read = CO_TRY(co_await net::run_blocking<std::vector<ReadType>>(runtime_, [&] {
    std::vector<ReadType> all;
    for (const auto& row : rows) all.push_back(read_row(row, actions_, settings_.extensions));
    return base::Result<std::vector<ReadType>>(std::move(all));
  }));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& row = rows[i];
    if (i < currents) current_[row.name] = {.version = static_cast<int>(row.version), .source = row.source};
    if (read[i].type) keep(row, read[i].type);
    if (read[i].type) continue;
    observe::error("a stored version of an environment type cannot be read any more",
                   base::invalid(refusals(read[i].problems, "")), {{"type", row.name}, {"version", row.version}});
  }
  co_return base::Result<void>();
}

void TypeRegistry::keep(const storage::TypeVersionRow& row, TypePtr type) {
  auto numbered = std::make_shared<EnvironmentType>(*type);
  numbered->version = static_cast<int>(row.version);
  loaded_[{row.name, numbered->version}] = std::move(numbered);
}

std::vector<TypeRegistry::Folder> TypeRegistry::look(const std::map<std::string, Seen>& seen) const {
  std::map<std::string, Folder> found;
  for (const auto& root : settings_.roots) {
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(root, failed)) {
      if (!fs::exists(entry.path() / "type.yaml", failed)) continue;
      const auto name = entry.path().filename().string();
      found[name] = Folder{.path = entry.path(), .name = name, .sha256 = {}, .files = {}, .read = {}, .problem = {}};
    }
  }
  std::vector<Folder> folders;
  for (auto& [name, folder] : found) {
    auto files = read_type_folder(folder.path);
    folder.sha256 = files ? files->sha256() : files.error().message;
    const auto before = seen.find(name);
    folder.same =
        before != seen.end() && before->second.sha256 == folder.sha256 && before->second.folder == folder.path.string();
    if (!files) folder.problem = files.error().message;
    if (files && !folder.same) {
      folder.files = std::move(*files);
      folder.read = read_type(folder.files, actions_, settings_.extensions);
      if (!folder.read.type) folder.problem = refusals(folder.read.problems, folder.path.parent_path().string() + "/");
    }
    folders.push_back(std::move(folder));
  }
  return folders;
}

net::Task<void> TypeRegistry::reload() {
  // Watched before it is read: what changes meanwhile is seen afterwards.
  for (const auto& root : settings_.roots) watch_.add_name(root);
  watch_.add(CO_TRY(co_await net::run_blocking<std::vector<fs::path>>(runtime_, [this] {
    std::vector<fs::path> all;
    for (const auto& root : settings_.roots) std::ranges::copy(folders_below(root), std::back_inserter(all));
    return base::Result<std::vector<fs::path>>(std::move(all));
  })));
  auto folders = CO_TRY(co_await net::run_blocking<std::vector<Folder>>(
      runtime_, [this, seen = seen_] { return base::Result<std::vector<Folder>>(look(seen)); }));
  std::erase_if(seen_,
                [&](const auto& one) { return std::ranges::find(folders, one.first, &Folder::name) == folders.end(); });
  auto outcome = base::Result<void>();
  for (auto& folder : folders) {
    if (folder.same) continue;
    // One that cannot be taken now is taken at the next look; the others need not wait for it.
    if (auto taken = co_await take(std::move(folder)); !taken) outcome = std::move(taken);
  }
  co_return outcome;
}

net::Task<void> TypeRegistry::take(Folder folder) {
  const auto name = folder.name;
  // A content that is known changes nothing at start: who rolled back keeps that. Written anew, it counts.
  const bool rewritten = seen_.contains(name);
  const Seen seen{.folder = folder.path.string(), .sha256 = folder.sha256, .problem = folder.problem};
  if (!folder.problem.empty()) {
    seen_[name] = seen;
    observe::error("a folder of an environment type is broken; its last good version stays",
                   base::invalid(folder.problem), {{"type", name}, {"folder", folder.path.string()}});
    co_return base::Result<void>();
  }
  warn(name, folder.read.problems);
  storage::TypeVersionRow row{.name = name,
                              .version = 0,
                              .sha256 = folder.sha256,
                              .files = boost::json::serialize(to_json(folder.files)),
                              .source = std::string(kFromFolder),
                              .created_at = clock_.now(),
                              .created_by = folder.path.string()};
  std::int64_t current = 0;
  CO_TRY(co_await database_.write([&](storage::Connection& connection) -> base::Result<void> {
    const auto before = TRY(storage::current_type_version(connection, name));
    const auto ensured = TRY(storage::ensure_type_version(connection, row));
    row.version = ensured.version;
    current = before.value_or(0);
    if (current == ensured.version || (before && !ensured.added && !rewritten)) return {};
    current = ensured.version;
    return storage::set_current_type_version(connection, name, current, row.created_at);
  }));
  seen_[name] = seen;
  keep(row, folder.read.type);
  if (current != row.version) co_return base::Result<void>();
  current_[name] = {.version = static_cast<int>(current), .source = row.source};
  observe::info("environment type read", {{"type", name}, {"version", current}, {"folder", folder.path.string()}});
  co_return base::Result<void>();
}

boost::asio::awaitable<void> TypeRegistry::follow() {
  auto again = net::Deadline::max();
  while (true) {
    co_await net::finish_before(runtime_, again, [this] { return watch_.changed(); });
    co_await net::sleep_for(runtime_, settings_.settle);
    const auto done = co_await reload();
    if (!done) observe::error("folders of environment types cannot be read", done.error(), {});
    again = done ? net::Deadline::max() : net::in(settings_.again);
  }
}

TypePtr TypeRegistry::find(std::string_view name) const {
  const auto current = current_.find(name);
  if (current == current_.end()) return nullptr;
  // Whose folder was taken away is launched no more; what runs goes on.
  if (current->second.source == kFromFolder && !seen_.contains(std::string(name))) return nullptr;
  const auto found = loaded_.find({std::string(name), current->second.version});
  return found == loaded_.end() ? nullptr : found->second;
}

std::string TypeRegistry::no_type(std::string_view name) const {
  std::vector<std::string> names;
  for (const auto& [known, current] : current_) {
    if (find(known) != nullptr) names.push_back(known);
  }
  const auto hint = workflow::suggestion(name, {names.begin(), names.end()});
  auto text = fmt::format("There is no environment type {}{}", name, hint.empty() ? "." : hint);
  if (names.size() > 1 && names.size() <= kMostNamed) text += fmt::format(" There are {}.", base::join(names, ", "));
  return text;
}

base::Result<TypePtr> TypeRegistry::find(std::string_view name, int version) const {
  if (version == 0) {
    if (auto current = find(name)) return current;
    return base::invalid(no_type(name), "type");
  }
  const auto known = loaded_.find({std::string(name), version});
  if (known != loaded_.end()) return known->second;
  // A keyed read: somebody asks for a version that neither is current nor was used by anything at the start.
  const auto row = TRY(storage::find_type_version(database_.reader(), name, version));
  if (!row) return base::invalid(fmt::format("The environment type {} has no version {}.", name, version), "version");
  const auto read = read_row(*row, actions_, settings_.extensions);
  if (!read.type) {
    return base::invalid(
        fmt::format("Version {} of {} cannot be read by this broker: {}", version, name, refusals(read.problems, "")),
        "version");
  }
  const_cast<TypeRegistry*>(this)->keep(*row, read.type);
  return loaded_.at({std::string(name), version});
}

std::vector<TypePtr> TypeRegistry::held() const {
  std::vector<TypePtr> all;
  for (const auto& [version, type] : loaded_) all.push_back(type);
  return all;
}

std::vector<TypeState> TypeRegistry::list() const {
  std::map<std::string, TypeState> states;
  for (const auto& [name, current] : current_) {
    auto& state = states[name];
    state.current = find(name);
    if (state.current) state.source = current.source;
  }
  for (const auto& [name, seen] : seen_) {
    auto& state = states[name];
    state.folder = seen.folder;
    state.problem = seen.problem;
  }
  std::vector<TypeState> all;
  for (auto& [name, state] : states) {
    state.name = name;
    if (state.current || !state.problem.empty()) all.push_back(std::move(state));
  }
  return all;
}

base::Result<std::vector<storage::TypeVersionRow>> TypeRegistry::versions(std::string_view name) const {
  auto rows = TRY(storage::list_type_versions(database_.reader(), name));
  if (rows.empty()) return base::not_found(no_type(name));
  return rows;
}

net::Task<TypePtr> TypeRegistry::push(TypeFiles files, std::string by, Beside beside) {
  auto read = CO_TRY(co_await net::run_blocking<ReadType>(
      runtime_, [&] { return base::Result<ReadType>(read_type(files, actions_, settings_.extensions)); }));
  if (!read.type) co_return base::invalid(refusals(read.problems, ""), "files");
  warn(files.name, read.problems);
  storage::TypeVersionRow row{.name = files.name,
                              .version = 0,
                              .sha256 = read.type->sha256,
                              .files = boost::json::serialize(to_json(files)),
                              .source = std::string(kPushed),
                              .created_at = clock_.now(),
                              .created_by = std::move(by)};
  CO_TRY(co_await database_.write([&](storage::Connection& connection) -> base::Result<void> {
    const auto before = TRY(storage::current_type_version(connection, row.name)).value_or(0);
    row.version = TRY(storage::ensure_type_version(connection, row)).version;
    TRY(storage::set_current_type_version(connection, row.name, row.version, row.created_at));
    return beside(connection, static_cast<int>(before), static_cast<int>(row.version));
  }));
  keep(row, read.type);
  current_[row.name] = {.version = static_cast<int>(row.version), .source = row.source};
  co_return loaded_.at({row.name, static_cast<int>(row.version)});
}

net::Task<TypePtr> TypeRegistry::promote(std::string name, int version, Beside beside) {
  const auto row = CO_TRY(storage::find_type_version(database_.reader(), name, version));
  if (!row) co_return base::not_found(fmt::format("The environment type {} has no version {}.", name, version));
  const auto type = CO_TRY(find(name, version));
  CO_TRY(co_await database_.write([&](storage::Connection& connection) -> base::Result<void> {
    const auto before = TRY(storage::current_type_version(connection, name)).value_or(0);
    TRY(storage::set_current_type_version(connection, name, version, clock_.now()));
    return beside(connection, static_cast<int>(before), version);
  }));
  current_[name] = {.version = version, .source = row->source};
  co_return type;
}

net::Task<TypePtr> TypeRegistry::rollback(std::string name, Beside beside) {
  const auto current = current_.find(name);
  if (current == current_.end()) co_return base::not_found(no_type(name));
  const int before = current->second.version - 1;
  if (before < 1) {
    co_return base::conflict(
        fmt::format("Version {} of {} is its first: there is none before it.", current->second.version, name));
  }
  co_return co_await promote(name, before, std::move(beside));
}

}  // namespace slipway::broker
