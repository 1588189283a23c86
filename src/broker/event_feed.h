#pragma once
// What followers read of what happens, live and again: the ring of the latest events (events.h), which is filled from
// the database as events become durable, and behind it the database itself, for who was away for longer than the ring
// reaches back. Owned by the environments service; used by whatever makes something durable, and by surfaces, which
// serve followers. All calls on the I/O thread. Knows no HTTP.

#include <string>

#include "base/clock.h"
#include "broker/events.h"
#include "net/runtime.h"
#include "storage/database.h"

namespace slipway::broker {

struct EventText {
  std::string text;     // empty where there is nothing new
  Events::Place place;  // behind it
};

class EventFeed {
 public:
  // All outlive it.
  EventFeed(net::Runtime& runtime, storage::Database& database, const base::Clock& clock);

  // Begins an epoch of its own, behind everything that earlier lives of the broker left. Once, before the first event.
  net::Task<void> start();
  boost::asio::awaitable<void> stop();  // twice is harmless

  // Tells followers of whatever is durable and was not told yet. Whoever makes something durable calls it then.
  void tell();
  // The same in the next turn of the loop, once however often it is called.
  void tell_soon();
  // A line that a step says, behind all that was durable before it.
  void tell_line(const workflow::Progress& line);

  // Where followers wait.
  Events& ring() { return ring_; }
  // Behind the event of this id, or what is older than a time: one in ISO 8601, or 10m for ten minutes ago. Errors:
  // invalid, with the forms that there are.
  net::Task<Events::Place> place_of(std::string since);
  // What came after `place`, of one environment or (empty id) of all, as Events::read gives it; where the ring reaches
  // back so far, without waiting. Before that all is told again from the database but log lines, some hundreds at a
  // time and with ids between those that the ring had; an event `gap` then says that log lines may be missing.
  net::Task<EventText> after(Events::Place place, base::EnvironmentId environment, std::size_t most_bytes);

 private:
  storage::Database& database_;
  const base::Clock& clock_;
  Events ring_;
  bool telling_ = false;  // tell_soon() was called, and it has not been told
  net::TaskGroup tasks_;
};

}  // namespace slipway::broker
