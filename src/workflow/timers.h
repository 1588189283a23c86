#pragma once
// When which execution has something due: one queue by wall-clock time over one timer of the loop. Used by the engine,
// on the I/O thread. Nothing fires early; after a step of the clock or a suspended machine it is at most a second late.

#include <functional>
#include <memory>
#include <set>
#include <utility>

#include "base/clock.h"
#include "base/ids.h"
#include "net/runtime.h"

namespace slipway::workflow {

class Timers {
 public:
  // `due` is called once for each entry that is due, after it was taken out.
  Timers(net::Runtime& runtime, const base::Clock& clock, std::function<void(const base::ExecutionId&)> due);
  ~Timers();

  // An execution may have several entries; one that nobody needs any more does no harm but to wake it.
  void set(const base::ExecutionId& id, base::Time at);
  void clear(const base::ExecutionId& id, base::Time at);
  // Fires what is due by the clock: the loop's timer does this; call it where the clock was set by hand.
  void fire_due();
  void stop();  // nothing fires any more
  std::size_t size() const { return entries_.size(); }

 private:
  void arm();

  struct Alarm;
  net::Runtime& runtime_;
  const base::Clock& clock_;
  std::function<void(const base::ExecutionId&)> due_;
  std::set<std::pair<base::Time, base::ExecutionId>> entries_;
  std::shared_ptr<Alarm> alarm_;
};

}  // namespace slipway::workflow
