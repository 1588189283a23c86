#pragma once
// What happens, as it happens, for whoever follows: status changes, steps, warnings, log lines. A ring of bounded size
// in memory; followers are woken and read from where they are, so that a slow one costs nothing but its place. Not
// durable: the journal is. All calls on the I/O thread. Knows no HTTP.

#include <boost/json/object.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "workflow/engine.h"

namespace slipway::broker {

class Events {
 public:
  // Where a follower is: behind event `number` of the broker's life `epoch`. Later lives have higher epochs, so places
  // never repeat and never go back.
  struct Place {
    std::int64_t epoch = 0;
    std::uint64_t number = 0;
  };
  // "3-17"; nothing where it is none.
  static std::optional<Place> parse(std::string_view text);
  static std::string print(const Place& place);

  struct Bounds {
    std::size_t events = 10'000;
    std::size_t bytes = 8 << 20;
  };
  Events(const base::Clock& clock, Bounds bounds) : clock_(clock), bounds_(bounds) {}
  explicit Events(const base::Clock& clock) : Events(clock, Bounds()) {}
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  // Before the first event.
  void begin_epoch(std::int64_t epoch) { epoch_ = epoch; }

  // `kind`: status, step, log, warning. `about`: added to what every event has (environmentId, environment, at).
  void publish(std::string_view kind, const base::EnvironmentId& environment, std::string_view name,
               boost::json::object about);
  void publish(const workflow::Progress& progress);

  // Behind the newest event.
  Place now() const { return {epoch_, last_}; }
  // What comes after `place`, of one environment or (empty id) of all, in the form of text/event-stream, at most about
  // `most_bytes`; moves `place` behind it. Empty where there is nothing new. Where the ring holds no more what came
  // after `place`, a `gap` event says so and the oldest that is left follows.
  std::string read(Place& place, const base::EnvironmentId& environment, std::size_t most_bytes) const;

  // While it lives, `wake` is called after every event; it may not publish.
  class Follower {
   public:
    Follower(Events& events, std::function<void()> wake);
    ~Follower();
    Follower(const Follower&) = delete;
    Follower& operator=(const Follower&) = delete;

   private:
    Events& events_;
    std::list<std::function<void()>>::iterator at_;
  };
  std::size_t followers() const { return followers_.size(); }

 private:
  struct Entry {
    std::uint64_t number = 0;
    base::EnvironmentId environment;
    std::string text;  // made once for all followers
  };

  const base::Clock& clock_;
  const Bounds bounds_;
  std::int64_t epoch_ = 0;
  std::uint64_t last_ = 0;
  std::deque<Entry> ring_;
  std::size_t bytes_ = 0;
  std::list<std::function<void()>> followers_;
};

}  // namespace slipway::broker
