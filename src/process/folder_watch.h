#pragma once
// Tells when something changed in folders: those of environment types, and that of a cluster's nodes. On the I/O
// thread.

#include <boost/asio/awaitable.hpp>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "base/result.h"
#include "net/runtime.h"
#include "process/fd.h"

namespace slipway::process {

class FolderWatch {
 public:
  // Errors: those of the system.
  static base::Result<FolderWatch> open(net::Runtime& runtime);
  // Watches what this folder holds too; not what the folders in it hold. One that is watched already is no matter. What
  // there was before is not reported. Errors: those of the system, such as not_found.
  base::Result<void> add(const std::filesystem::path& folder);
  // Watches whether there is something else under this name, such as another folder, or a link that leads elsewhere;
  // where the folder that holds it is gone, nothing.
  void add_name(const std::filesystem::path& path);
  // Returns when a file was written, made, moved or removed in one of the folders, or under one of the names, since the
  // last return. Cancellation unwinds as an exception.
  boost::asio::awaitable<void> changed();
  // How many folders are watched, those that hold a name with them; what is gone counts until changed() has seen it.
  std::size_t size() const { return folders_.size() + names_.size(); }

 private:
  FolderWatch(net::Runtime& runtime, Fd events) : runtime_(&runtime), events_(std::move(events)) {}
  bool take_events();

  net::Runtime* runtime_;
  Fd events_;
  std::map<int, std::set<std::string, std::less<>>> names_;  // by the watch of the folder that holds them
  std::set<int> folders_;                                    // watches of folders of which everything counts
};

}  // namespace slipway::process
