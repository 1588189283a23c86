#pragma once
// The environment types that can be launched, in every version that something uses. Versions rest in the database and
// are named by their content; a folder that is watched, or an upload, is only where a version comes from. A broken
// folder changes nothing: the last good version stays, and one that says again what it said last changes nothing
// either. Used by the environments service, surfaces and the composition root. On the I/O thread; files are read in the
// pool. Knows no provider but by name, and no type.

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "broker/environment_type.h"
#include "broker/type_cache.h"
#include "broker/type_reader.h"
#include "net/runtime.h"
#include "net/task.h"
#include "process/folder_watch.h"
#include "storage/database.h"
#include "storage/types.h"

namespace slipway::broker {

struct TypeSettings {
  // Each holds a folder for each type. Of two folders of one name the one of the later root counts.
  std::vector<std::filesystem::path> roots;
  TypeExtensions extensions;
  std::chrono::milliseconds again{5000};  // after a look that failed, or did not see all
  std::chrono::milliseconds settle{200};  // after a change: an editor or a copy changes more than one file
};

// What there is of one name.
struct TypeState {
  std::string name;
  TypePtr current;      // what a launch takes; null where nothing of it can be launched
  std::string source;   // of the current version: kFromFolder or kPushed; empty without one
  std::string folder;   // where it is read from; empty where no folder is there
  std::string problem;  // why the folder, as it is now, does not count: file, line and reason, a line each
};
inline constexpr std::string_view kFromFolder = "folder";
inline constexpr std::string_view kPushed = "push";

class TypeRegistry {
 public:
  // All outlive it. `actions`: what documents may use.
  TypeRegistry(net::Runtime& runtime, storage::Database& database, const base::Clock& clock,
               const workflow::ActionRegistry& actions, TypeSettings settings);
  ~TypeRegistry();  // after stop() has returned

  // Loads what the database holds and something uses, reads every folder, and goes on watching. Once, before anything
  // else. Errors: not_found where a root is no folder. What is broken is told in the log and by list().
  net::Task<void> start();
  boost::asio::awaitable<void> stop();  // twice is harmless

  // The version that launches take; null where nothing of that name can be launched.
  TypePtr find(std::string_view name) const;
  // That version, current or not; 0 is the current one, for environments from before there were versions. One that is
  // not current and was not asked for lately is read by its key and parsed: who can wait loads it first. Errors:
  // invalid where there is none.
  base::Result<TypePtr> find(std::string_view name, int version) const;
  // The same, read and parsed in the pool.
  net::Task<TypePtr> load(std::string name, int version) const;
  std::vector<TypeState> list() const;  // by name
  // Every version that is current, or that an environment which is not terminated uses; what cannot be read is left
  // out.
  net::Task<std::vector<TypePtr>> in_use() const;

  // Newest first. Errors: not_found.
  base::Result<std::vector<storage::TypeVersionRow>> versions(std::string_view name) const;

  // What is committed together with a change: its audit record. Versions, 0 where there was none.
  using Beside = std::function<base::Result<void>(storage::Connection&, int before, int after)>;
  // Uploads a folder and makes it current. Errors: invalid with all that lint would find, or a limit.
  net::Task<TypePtr> push(TypeFiles files, std::string by, Beside beside);
  // Makes a version current. Errors: not_found; invalid where this program cannot read it any more.
  net::Task<TypePtr> promote(std::string name, int version, Beside beside);
  // Makes the version before the current one current. Errors: conflict where there is none, or another was made current
  // meanwhile; and those of promote.
  net::Task<TypePtr> rollback(std::string name, Beside beside);
  // Takes a version away, or (0) the type with all of them; the same content would get the same number again. Gives
  // what was removed. Errors: not_found; conflict where an environment that is not terminated uses it, where its folder
  // is still there, and for the current version while there are others.
  using BesideRemoval = std::function<base::Result<void>(storage::Connection&, const std::vector<int>& removed)>;
  net::Task<std::vector<int>> remove(std::string name, int version, BesideRemoval beside);

  // Reads every folder again and takes what changed. What cannot be read is no error: its last good version stays, the
  // log and list() say why, and it is looked at again. Errors: those of the database.
  net::Task<void> reload();

 private:
  struct Folder;  // one that was looked at
  struct Look;    // at all of them
  struct Seen {
    std::string folder;
    std::string sha256;  // of what was read last, good or not
    std::string problem;
  };
  struct Current {
    std::string source;
    int version = 0;
    TypePtr type;  // null where this program cannot read it any more
  };

  // `known`: names of types that there were, whether or not their folders are there. Blocks.
  Look look(const std::map<std::string, Seen>& seen, const std::set<std::string>& known) const;
  net::Task<void> load_stored();
  // `seen`: what has to be current until then; errors: conflict where it is not.
  net::Task<TypePtr> make_current(std::string name, int version, std::optional<int> seen, Beside beside);
  net::Task<void> take(Folder folder);
  // What take() writes; gives the version that is current then, and sets the row's own.
  base::Result<int> write_version(storage::Connection& connection, storage::TypeVersionRow& row) const;
  void set_current(const std::string& name, std::string source, TypePtr type);
  static void warn(const std::string& name, const std::vector<workflow::Problem>& problems);
  TypePtr known(std::string_view name, int version) const;  // null where it would have to be read
  // That there is no such type, with those that there are.
  std::string no_type(std::string_view name) const;
  boost::asio::awaitable<void> follow();

  net::Runtime& runtime_;
  storage::Database& database_;
  const base::Clock& clock_;
  const workflow::ActionRegistry& actions_;
  TypeSettings settings_;
  process::FolderWatch watch_;
  net::TaskGroup tasks_;
  std::map<std::string, Current, std::less<>> current_;
  mutable TypeCache older_;           // copies of what never changes
  std::map<std::string, Seen> seen_;  // by name: those whose folder is there
  std::string unread_;                // why the last look did not see all; empty where it did
};

}  // namespace slipway::broker
