// The registry's folders: what they hold, what of it is a change, and how a change becomes a version.

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <iterator>
#include <optional>
#include <set>
#include <system_error>

#include "base/text.h"
#include "broker/types.h"
#include "net/deadline.h"
#include "observe/log.h"

namespace slipway::broker {

namespace fs = std::filesystem;

namespace {

// `root` and every folder below it, hidden ones left out, and those that cannot be read.
std::vector<fs::path> folders_below(const fs::path& root) {
  std::error_code failed;
  std::vector<fs::path> folders{fs::weakly_canonical(root, failed)};
  auto entry = fs::recursive_directory_iterator(root, fs::directory_options::skip_permission_denied, failed);
  for (; !failed && entry != end(entry); entry.increment(failed)) {
    std::error_code unseen;
    if (!entry->is_directory(unseen) || entry->is_symlink(unseen)) continue;
    if (entry->path().filename().string().starts_with('.')) {
      entry.disable_recursion_pending();
    } else {
      folders.push_back(entry->path());
    }
  }
  return folders;
}

// The folders in `root` that hold a type; none where there is no root. One that cannot be looked into is one where
// `known` has its name: there was a type. Errors: unavailable where the root cannot be read.
base::Result<std::vector<fs::path>> types_in(const fs::path& root, const std::set<std::string>& known) {
  std::vector<fs::path> folders;
  std::error_code failed;
  for (fs::directory_iterator entry(root, failed), end; !failed && entry != end; entry.increment(failed)) {
    std::error_code unseen;
    const bool holds = fs::exists(entry->path() / "type.yaml", unseen);
    if (holds || (unseen && known.contains(entry->path().filename().string()))) folders.push_back(entry->path());
  }
  if (!failed || failed == std::errc::no_such_file_or_directory) return folders;
  return base::unavailable(
      fmt::format("the folder of environment types {} cannot be read: {}", root.string(), failed.message()));
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

struct TypeRegistry::Look {
  std::vector<Folder> folders;
  std::string unread;  // why something could not be read that another look may read; empty where all was
};

TypeRegistry::Look TypeRegistry::look(const std::map<std::string, Seen>& seen,
                                      const std::set<std::string>& known) const {
  Look look;
  std::map<std::string, Folder> found;
  for (const auto& root : settings_.roots) {
    auto folders = types_in(root, known);
    if (!folders) {
      look.unread = base::printable(folders.error().message);
      // What was there is looked for by its name.
      folders = std::vector<fs::path>();
      for (const auto& [name, one] : seen) {
        if (one.folder == (root / name).string()) folders->push_back(root / name);
      }
    }
    for (const auto& path : *folders) {
      const auto name = path.filename().string();
      found[name] = Folder{.path = path, .name = name, .sha256 = {}, .files = {}, .read = {}, .problem = {}};
    }
  }
  for (auto& [name, folder] : found) {
    auto files = read_type_folder(folder.path);
    folder.sha256 = files ? files->sha256() : files.error().message;
    const auto before = seen.find(name);
    folder.same =
        before != seen.end() && before->second.sha256 == folder.sha256 && before->second.folder == folder.path.string();
    if (!files) folder.problem = base::printable(files.error().message);
    if (!files && files.error().kind == base::ErrorKind::unavailable) look.unread = folder.problem;
    if (files && !folder.same) {
      folder.files = std::move(*files);
      folder.read = read_type(folder.files, actions_, settings_.extensions);
      if (!folder.read.type) {
        folder.problem = base::printable(refusals(folder.read.problems, folder.path.parent_path().string() + "/"));
      }
    }
    look.folders.push_back(std::move(folder));
  }
  return look;
}

net::Task<void> TypeRegistry::reload() {
  // Watched before it is read: what changes meanwhile is seen afterwards.
  for (const auto& root : settings_.roots) watch_.add_name(root);
  const auto watched = CO_TRY(co_await net::run_blocking<std::vector<fs::path>>(runtime_, [this] {
    std::vector<fs::path> all;
    for (const auto& root : settings_.roots) std::ranges::copy(folders_below(root), std::back_inserter(all));
    return base::Result<std::vector<fs::path>>(std::move(all));
  }));
  for (const auto& folder : watched) (void)watch_.add(folder);  // one that is gone by now is no matter
  std::set<std::string> known;
  for (const auto& [name, current] : current_) known.insert(name);
  auto [folders, unread] = CO_TRY(co_await net::run_blocking<Look>(
      runtime_, [this, seen = seen_, known = std::move(known)] { return base::Result<Look>(look(seen, known)); }));
  // Of a type's own folder take() tells.
  const bool of_type = std::ranges::find(folders, unread, &Folder::problem) != folders.end();
  if (!unread.empty() && unread != unread_ && !of_type) {
    observe::error("folders of environment types cannot be read; what they held last stays", base::unavailable(unread),
                   {});
  }
  unread_ = std::move(unread);
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

base::Result<int> TypeRegistry::write_version(storage::Connection& connection, storage::TypeVersionRow& row) const {
  const auto before = TRY(storage::current_type_version(connection, row.name)).value_or(0);
  const auto held = TRY(storage::folder_type_version(connection, row.name));
  const auto ensured = TRY(storage::ensure_type_version(connection, row));
  row.version = ensured.version;
  // Written anew, with the same bytes, it is no change: who rolled back, or uploaded another version, keeps that. Where
  // nobody knows what it held, content that is known is none either. What was removed and comes back is one.
  const bool changed = before == 0 || ensured.added || (held != 0 && held != ensured.version);
  if (changed) TRY(storage::set_current_type_version(connection, row.name, ensured.version, row.created_at));
  TRY(storage::set_folder_type_version(connection, row.name, ensured.version));
  return static_cast<int>(changed ? ensured.version : before);
}

net::Task<void> TypeRegistry::take(Folder folder) {
  const auto name = folder.name;
  const auto before = seen_.contains(name) ? std::optional(seen_.at(name)) : std::nullopt;
  // Before it is written: whoever removes a version meanwhile must see that a folder has it.
  seen_[name] = {.folder = folder.path.string(), .sha256 = folder.sha256, .problem = folder.problem};
  if (!folder.problem.empty()) {
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
                              .created_by = base::printable(folder.path.string())};
  int current = 0;
  auto written = co_await database_.write([&](storage::Connection& connection) -> base::Result<void> {
    current = TRY(write_version(connection, row));
    return {};
  });
  if (!written) {
    // As if nobody had looked.
    seen_.erase(name);
    if (before) seen_[name] = *before;
    co_return std::move(written).error();
  }
  folder.read.type->version = static_cast<int>(row.version);
  if (current != row.version) {
    older_.put(folder.read.type);
    observe::info("a folder of an environment type was read: launches take another version than it holds",
                  {{"type", name}, {"holds", row.version}, {"launches", current}, {"folder", folder.path.string()}});
    co_return base::Result<void>();
  }
  set_current(name, row.source, folder.read.type);
  observe::info("environment type read", {{"type", name}, {"version", current}, {"folder", folder.path.string()}});
  co_return base::Result<void>();
}

boost::asio::awaitable<void> TypeRegistry::follow() {
  bool whole = unread_.empty();
  while (true) {
    const auto again = whole ? net::Deadline::max() : net::in(settings_.again);
    co_await net::finish_before(runtime_, again, [this] { return watch_.changed(); });
    co_await net::sleep_for(runtime_, settings_.settle);
    const auto done = co_await reload();
    if (!done) observe::error("folders of environment types cannot be taken", done.error(), {});
    whole = done && unread_.empty();
  }
}

}  // namespace slipway::broker
