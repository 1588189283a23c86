#pragma once
// What a task waits for: a bell that others ring, and names that come and go in a folder. On the I/O thread.

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <filesystem>
#include <optional>

#include "base/result.h"
#include "net/runtime.h"
#include "process/fd.h"

namespace slipway::provider::local {

class Bell {
 public:
  explicit Bell(net::Runtime& runtime);
  // Ends the present wait, or else the next one. Many rings before a wait are one.
  void ring();
  // Returns at a ring or after `patience`. One waiter at a time. Cancellation unwinds as an exception.
  boost::asio::awaitable<void> wait(std::chrono::milliseconds patience);

 private:
  net::Runtime& runtime_;
  process::Fd event_;
};

class FolderWatch {
 public:
  // Errors: those of the system, such as not_found. Names that were there before are not reported.
  static base::Result<FolderWatch> open(net::Runtime& runtime, const std::filesystem::path& folder);
  // Returns when a name was made or removed since the last return. Cancellation unwinds as an exception.
  boost::asio::awaitable<void> changed();

 private:
  FolderWatch(net::Runtime& runtime, process::Fd events) : runtime_(&runtime), events_(std::move(events)) {}
  net::Runtime* runtime_;
  process::Fd events_;
};

}  // namespace slipway::provider::local
