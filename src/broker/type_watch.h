#pragma once
// Tells when something changed in folders of environment types. Used by the registry. On the I/O thread.

#include <boost/asio/awaitable.hpp>
#include <filesystem>
#include <vector>

#include "base/result.h"
#include "net/runtime.h"
#include "process/fd.h"

namespace slipway::broker {

class TypeWatch {
 public:
  // Errors: those of the system.
  static base::Result<TypeWatch> open(net::Runtime& runtime);
  // Watches these folders too; one that is watched already, or is gone, is no matter.
  void add(const std::vector<std::filesystem::path>& folders);
  // Returns when a file was written, made, moved or removed in one of them since the last return. Cancellation unwinds
  // as an exception.
  boost::asio::awaitable<void> changed();

 private:
  TypeWatch(net::Runtime& runtime, process::Fd events) : runtime_(&runtime), events_(std::move(events)) {}
  net::Runtime* runtime_;
  process::Fd events_;
};

}  // namespace slipway::broker
