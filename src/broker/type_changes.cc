// The registry's versions: what there are, and what a person does to them.

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "base/text.h"
#include "broker/types.h"
#include "observe/log.h"
#include "storage/environments.h"

namespace slipway::broker {

namespace {

base::Error no_version(std::string_view name, std::int64_t version) {
  return base::not_found(fmt::format("The environment type {} has no version {}.", base::excerpt(name), version));
}

// What `version` stands for, and 0 for all of `rows`, in their order; empty where there is none.
std::vector<std::int64_t> versions_meant(const std::vector<storage::TypeVersionRow>& rows, int version) {
  std::vector<std::int64_t> meant;
  for (const auto& row : rows) {
    if (version == 0 || row.version == version) meant.push_back(row.version);
  }
  return meant;
}

// `current`: what environments from before there were versions go by.
base::Result<void> refuse_used(storage::Connection& connection, const std::string& name, std::int64_t version,
                               std::int64_t current) {
  auto user = TRY(storage::find_environment_of_version(connection, name, version));
  if (!user && version == current) user = TRY(storage::find_environment_of_version(connection, name, 0));
  if (!user) return {};
  return base::conflict(fmt::format("The environment {} ({}) uses version {} of {}: terminate it first.", user->name,
                                    user->id.str(), version, name));
}

}  // namespace

base::Result<std::vector<storage::TypeVersionRow>> TypeRegistry::versions(std::string_view name) const {
  auto rows = TRY(storage::list_type_versions(database_.reader(), name));
  if (rows.empty()) return base::not_found(no_type(name));
  return rows;
}

void TypeRegistry::warn(const std::string& name, const std::vector<workflow::Problem>& problems) {
  for (const auto& problem : problems) {
    if (!problem.warning()) continue;
    observe::warning("a document has a weakness", {{"type", name}, {"problem", workflow::to_string(problem)}});
  }
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
  read.type->version = static_cast<int>(row.version);
  set_current(row.name, row.source, read.type);
  co_return TypePtr(read.type);
}

net::Task<TypePtr> TypeRegistry::promote(std::string name, int version, Beside beside) {
  return make_current(std::move(name), version, std::nullopt, std::move(beside));
}

net::Task<TypePtr> TypeRegistry::make_current(std::string name, int version, std::optional<int> seen, Beside beside) {
  std::string source;
  const auto rows = CO_TRY(storage::list_type_versions(database_.reader(), name));
  for (const auto& row : rows) {
    if (row.version == version) source = row.source;
  }
  if (source.empty()) co_return no_version(name, version);
  const auto type = CO_TRY(co_await load(name, version));
  CO_TRY(co_await database_.write([&](storage::Connection& connection) -> base::Result<void> {
    const auto before = TRY(storage::current_type_version(connection, name)).value_or(0);
    if (seen && before != *seen) {
      return base::conflict(fmt::format(
          "Version {} of {} was made current meanwhile, in place of {}: look, and try again.", before, name, *seen));
    }
    TRY(storage::set_current_type_version(connection, name, version, clock_.now()));
    return beside(connection, static_cast<int>(before), version);
  }));
  set_current(name, source, type);
  co_return type;
}

net::Task<TypePtr> TypeRegistry::rollback(std::string name, Beside beside) {
  const auto current = current_.find(name);
  if (current == current_.end()) co_return base::not_found(no_type(name));
  const int version = current->second.version;
  const auto before = CO_TRY(storage::type_version_before(database_.reader(), name, version));
  if (!before)
    co_return base::conflict(fmt::format("There is no version before {}, the current one, of {}.", version, name));
  co_return co_await make_current(name, static_cast<int>(*before), version, std::move(beside));
}

net::Task<std::vector<int>> TypeRegistry::remove(std::string name, int version, BesideRemoval beside) {
  const auto seen = seen_.find(name);
  const auto folder = seen == seen_.end() ? std::string() : seen->second.folder;
  const auto now = clock_.now();
  const auto unknown = base::not_found(no_type(name));
  std::vector<int> removed;
  CO_TRY(co_await database_.write([&](storage::Connection& connection) -> base::Result<void> {
    const auto rows = TRY(storage::list_type_versions(connection, name));
    const auto meant = versions_meant(rows, version);
    if (meant.empty()) return version == 0 ? unknown : no_version(name, version);
    const auto current = TRY(storage::current_type_version(connection, name)).value_or(0);
    const auto held = TRY(storage::folder_type_version(connection, name));
    for (const auto each : meant) {
      if (!folder.empty() && (version == 0 || each == held)) {
        return base::conflict(fmt::format("The folder {} of {} is still there: take it away first.", folder, name));
      }
      TRY(refuse_used(connection, name, each, current));
    }
    const bool all = meant.size() == rows.size();
    if (!all && version == current) {
      return base::conflict(
          fmt::format("Version {} of {} is what launches take: promote another one first, or remove "
                      "the whole type.",
                      version, name));
    }
    if (all) TRY(storage::forget_type(connection, name));
    removed.clear();  // it may run again
    for (const auto each : meant) {
      TRY(storage::remove_type_version(connection, name, each, now));
      removed.push_back(static_cast<int>(each));
    }
    return beside(connection, removed);
  }));
  for (const int each : removed) {
    older_.drop(name, each);
    const auto current = current_.find(name);
    if (current != current_.end() && current->second.version == each) current_.erase(current);
  }
  co_return removed;
}

}  // namespace slipway::broker
