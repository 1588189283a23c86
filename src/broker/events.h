#pragma once
// What happens, as it happens, for whoever follows: status changes, steps, warnings, log lines. A ring of bounded size
// in memory; followers are woken and read from where they are, so that a slow one costs nothing but its place. All but
// log lines are told from the database when they are durable, in its order, so that what the ring has no more is told
// again from there (EventFeed::after), word for word. All calls on the I/O thread. Knows no HTTP.

#include <compare>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "storage/events.h"
#include "workflow/engine.h"

namespace slipway::broker {

class Events {
 public:
  // Where a follower is: behind event `number` of the broker's life `epoch`, and behind everything up to `durable`.
  // Later lives have higher epochs, so places never repeat and never go back.
  struct Place {
    std::int64_t epoch = 0;
    std::uint64_t number = 0;
    storage::EventPlace durable{};
    auto operator<=>(const Place&) const = default;
  };
  // "3-17-4711-52": epoch, number, and the durable place; nothing where it is none.
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

  // Before the first event. `durable`: what earlier lives left.
  void begin_epoch(std::int64_t epoch, storage::EventPlace durable);

  // What became durable behind now(), in that order; `to`: all up to there was told.
  void publish(const std::vector<storage::EventRow>& rows, storage::EventPlace to);
  // A line that a step says, which is kept nowhere else.
  void publish(const workflow::Progress& line);

  // Behind the newest event.
  Place now() const { return now_; }
  // Whether `place` may be one that was told: none is behind everything.
  bool was_told(const Place& place) const;
  // Behind what is older than `since`; nothing where the ring does not reach back so far.
  std::optional<Place> place_of(base::Time since) const;
  // Before the oldest event that the ring holds.
  Place oldest() const { return oldest_; }
  // Whether the ring holds all that came after `place`.
  bool holds(const Place& place) const;
  // What comes after `place`, which the ring holds, of one environment or (empty id) of all, in the form of
  // text/event-stream, at most about `most_bytes`; moves `place` behind it. Empty where there is nothing new.
  std::string read(Place& place, const base::EnvironmentId& environment, std::size_t most_bytes) const;
  // The same form of what the ring does not hold: an event that was told of in an earlier life or long ago, and one
  // that says that the log lines between `after` and `place` are lost.
  static std::string text_of(const Place& place, const storage::EventRow& row);
  std::string gap_text(const Place& place, const Place& after) const;

  struct Wake {
    std::function<void()> call;
    base::EnvironmentId of;  // empty: all
  };
  // While it lives, `wake` is called after every event, or after every one of an environment; it may not publish.
  class Follower {
   public:
    Follower(Events& events, std::function<void()> wake, base::EnvironmentId of = {});
    ~Follower();
    Follower(const Follower&) = delete;
    Follower& operator=(const Follower&) = delete;

   private:
    Events& events_;
    std::list<Wake>::iterator at_;
  };
  std::size_t followers() const { return followers_.size(); }

 private:
  void append(const base::EnvironmentId& environment, base::Time at, std::string text);

  struct Entry {
    Place place;
    base::EnvironmentId environment;
    base::Time at{};
    std::string text;  // made once for all followers
  };

  const base::Clock& clock_;
  const Bounds bounds_;
  Place now_;
  Place oldest_;
  std::deque<Entry> ring_;
  std::size_t bytes_ = 0;
  std::list<Wake> followers_;
};

}  // namespace slipway::broker
