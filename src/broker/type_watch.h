#pragma once
// Tells when something changed in folders of environment types. Used by the registry. On the I/O thread.

#include <boost/asio/awaitable.hpp>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/runtime.h"
#include "process/fd.h"

namespace slipway::broker {

class TypeWatch {
 public:
  // Errors: those of the system.
  static base::Result<TypeWatch> open(net::Runtime& runtime);
  // Watches what these folders hold too; one that is watched already, or is gone, is no matter.
  void add(const std::vector<std::filesystem::path>& folders);
  // Watches whether there is something else under this name, such as another folder, or a link that leads elsewhere.
  void add_name(const std::filesystem::path& path);
  // Returns when a file was written, made, moved or removed in one of the folders, or under one of the names, since the
  // last return. Cancellation unwinds as an exception.
  boost::asio::awaitable<void> changed();

 private:
  TypeWatch(net::Runtime& runtime, process::Fd events) : runtime_(&runtime), events_(std::move(events)) {}
  bool take_events();

  net::Runtime* runtime_;
  process::Fd events_;
  std::map<int, std::set<std::string, std::less<>>> names_;  // by the watch of the folder that holds them
  std::set<int> folders_;                                    // watches of folders of which everything counts
};

}  // namespace slipway::broker
