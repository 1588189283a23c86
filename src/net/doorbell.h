#pragma once
// Wakes one waiting task from others, any number of times: what a stream waits on between two events. Everything on the
// I/O thread.

#include <memory>

#include "net/deadline.h"
#include "net/runtime.h"

namespace slipway::net {

class Doorbell {
 public:
  explicit Doorbell(Runtime& runtime);
  ~Doorbell();
  Doorbell(const Doorbell&) = delete;
  Doorbell& operator=(const Doorbell&) = delete;

  // The waiting task goes on in a later turn of the loop; without one, the next wait ends at once. Rings before that
  // count once.
  void ring();
  // Until it rings (true) or `deadline` (false). One task at a time; cancellation unwinds.
  boost::asio::awaitable<bool> wait_until(Deadline deadline);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::net
