#include "broker/types.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <optional>
#include <system_error>

#include "base/text.h"
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

base::Result<TypePtr> parsed(const storage::TypeVersionRow& row, const workflow::ActionRegistry& actions,
                             const TypeExtensions& extensions) {
  boost::system::error_code failed;
  const auto json = boost::json::parse(row.files, failed);
  if (failed || !json.is_object()) return base::internal("the files of a version are no JSON");
  const auto read = read_type(TRY(files_from_json(row.name, json.get_object())), actions, extensions);
  if (!read.type) {
    return base::invalid(fmt::format("Version {} of {} cannot be read by this broker: {}", row.version, row.name,
                                     refusals(read.problems, "")),
                         "version");
  }
  read.type->version = static_cast<int>(row.version);
  return TypePtr(read.type);
}

base::Error no_version(std::string_view name, int version) {
  return base::invalid(fmt::format("The environment type {} has no version {}.", base::excerpt(name), version),
                       "version");
}

}  // namespace

TypeRegistry::TypeRegistry(net::Runtime& runtime, storage::Database& database, const base::Clock& clock,
                           const workflow::ActionRegistry& actions, TypeSettings settings)
    : runtime_(runtime),
      database_(database),
      clock_(clock),
      actions_(actions),
      settings_(std::move(settings)),
      watch_(process::FolderWatch::open(runtime).value()),
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
  const auto types = CO_TRY(co_await net::run_blocking<std::vector<base::Result<TypePtr>>>(runtime_, [&] {
    std::vector<base::Result<TypePtr>> all;
    for (const auto& row : rows) all.push_back(parsed(row, actions_, settings_.extensions));
    return base::Result<std::vector<base::Result<TypePtr>>>(std::move(all));
  }));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& row = rows[i];
    const auto& type = types[i];
    if (!type) {
      observe::error("a stored version of an environment type cannot be read any more", type.error(),
                     {{"type", row.name}, {"version", row.version}});
    }
    if (i < currents) {
      current_[row.name] = {
          .source = row.source, .version = static_cast<int>(row.version), .type = type ? *type : nullptr};
    } else if (type && !known(row.name, static_cast<int>(row.version))) {
      older_.put(*type);
    }
  }
  co_return base::Result<void>();
}

void TypeRegistry::set_current(const std::string& name, std::string source, TypePtr type) {
  auto& current = current_[name];
  if (current.type && current.type->version != type->version) older_.put(std::move(current.type));
  older_.drop(name, type->version);
  current = {.source = std::move(source), .version = type->version, .type = std::move(type)};
}

TypePtr TypeRegistry::find(std::string_view name) const {
  const auto current = current_.find(name);
  if (current == current_.end()) return nullptr;
  // Whose folder was taken away is launched no more; what runs goes on.
  if (current->second.source == kFromFolder && !seen_.contains(std::string(name))) return nullptr;
  return current->second.type;
}

TypePtr TypeRegistry::known(std::string_view name, int version) const {
  const auto current = current_.find(name);
  if (current != current_.end() && current->second.version == version) return current->second.type;
  return older_.find(name, version);
}

std::string TypeRegistry::no_type(std::string_view name) const {
  if (const auto seen = seen_.find(std::string(name)); seen != seen_.end() && !seen->second.problem.empty()) {
    return fmt::format("There is no environment type {}: its folder {} is broken; `slipway types list` says why.",
                       base::excerpt(name), seen->second.folder);
  }
  std::vector<std::string> names;
  for (const auto& [known, current] : current_) {
    if (find(known) != nullptr) names.push_back(known);
  }
  const auto hint = workflow::suggestion(name, {names.begin(), names.end()});
  auto text = fmt::format("There is no environment type {}{}", base::excerpt(name), hint.empty() ? "." : hint);
  if (names.size() > 1 && names.size() <= kMostNamed) text += fmt::format(" There are {}.", base::join(names, ", "));
  return text;
}

base::Result<TypePtr> TypeRegistry::find(std::string_view name, int version) const {
  if (version == 0) {
    if (auto current = find(name)) return current;
    return base::invalid(no_type(name), "type");
  }
  if (auto type = known(name, version)) return type;
  const auto row = TRY(storage::find_type_version(database_.reader(), name, version));
  if (!row) return no_version(name, version);
  auto type = TRY(parsed(*row, actions_, settings_.extensions));
  older_.put(type);
  return type;
}

net::Task<TypePtr> TypeRegistry::load(std::string name, int version) const {
  if (version == 0) co_return find(name, version);
  if (auto type = known(name, version)) co_return type;
  std::optional<storage::TypeVersionRow> row;
  CO_TRY(co_await database_.read([&](storage::Connection& connection) -> base::Result<void> {
    row = TRY(storage::find_type_version(connection, name, version));
    return {};
  }));
  if (!row) co_return no_version(name, version);
  auto type = CO_TRY(
      co_await net::run_blocking<TypePtr>(runtime_, [&] { return parsed(*row, actions_, settings_.extensions); }));
  // Somebody else may have loaded it meanwhile.
  if (!known(name, version)) older_.put(type);
  co_return type;
}

net::Task<std::vector<TypePtr>> TypeRegistry::in_use() const {
  std::vector<storage::UsedVersion> used;
  CO_TRY(co_await database_.read([&](storage::Connection& connection) -> base::Result<void> {
    used = TRY(storage::list_versions_in_use(connection));
    return {};
  }));
  std::vector<TypePtr> all;
  for (const auto& [name, version] : used) {
    const auto current = current_.find(name);
    if (version == 0 || (current != current_.end() && current->second.version == version)) continue;
    if (auto type = co_await load(name, static_cast<int>(version))) all.push_back(std::move(*type));
  }
  for (const auto& [name, current] : current_) {
    if (current.type) all.push_back(current.type);
  }
  co_return all;
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
    state.folder = base::printable(seen.folder);
    state.problem = seen.problem;
  }
  std::vector<TypeState> all;
  for (auto& [name, state] : states) {
    state.name = base::printable(name);
    if (state.current || !state.problem.empty()) all.push_back(std::move(state));
  }
  return all;
}

}  // namespace slipway::broker
