#include "broker/event_feed.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"
#include "config/reader.h"
#include "observe/log.h"
#include "storage/events.h"
#include "storage/installation.h"
#include "workflow/sleep.h"

namespace slipway::broker {

namespace {

constexpr int kRowsAtOnce = 200;

}  // namespace

EventFeed::EventFeed(net::Runtime& runtime, storage::Database& database, const base::Clock& clock)
    : database_(database), clock_(clock), ring_(clock), tasks_(runtime) {}

net::Task<void> EventFeed::start() {
  std::int64_t epoch = 0;
  storage::EventPlace before;
  CO_TRY(co_await database_.write([&](storage::Connection& connection) -> base::Result<void> {
    epoch = TRY(storage::next_event_epoch(connection));
    before = TRY(storage::last_event(connection));
    return {};
  }));
  ring_.begin_epoch(epoch, before);
  co_return base::Result<void>();
}

boost::asio::awaitable<void> EventFeed::stop() {
  tasks_.cancel();
  co_await tasks_.join();
}

// It tells whatever there is, not what its caller wrote: so the order is the database's.
void EventFeed::tell() {
  telling_ = false;
  const auto told = [this]() -> base::Result<void> {
    auto& connection = database_.reader();
    const auto upto = TRY(storage::last_event(connection));
    while (ring_.now().durable != upto) {
      const auto page = TRY(storage::events_after(connection, ring_.now().durable, upto, {}, kRowsAtOnce));
      ring_.publish(page.rows, page.to);
    }
    return {};
  }();
  // The next one tells it.
  if (!told) observe::error("what happened cannot be told to followers yet", told.error());
}

// The steps of all executions that went on in one turn of the loop cost one look at the database.
void EventFeed::tell_soon() {
  if (std::exchange(telling_, true)) return;
  tasks_.spawn("tell events", [this]() -> boost::asio::awaitable<void> {
    tell();
    co_return;
  });
}

void EventFeed::tell_line(const workflow::Progress& line) {
  if (telling_) tell();
  ring_.publish(line);
}

net::Task<Events::Place> EventFeed::place_of(std::string since) {
  if (const auto place = Events::parse(since)) {
    if (ring_.was_told(*place)) co_return *place;
    co_return base::invalid(fmt::format("{} is the id of no event: it is later than every one so far.", since));
  }
  const auto ago = config::parse_duration(since);
  const auto named = workflow::parse_timestamp(since);
  if (!ago && !named) {
    co_return base::invalid(
        fmt::format("\"{}\" is neither the id of an event, such as 3-17-4711-52, nor a time, such as 10m (ago) or "
                    "2026-01-31T10:00:00Z.",
                    base::excerpt(since)));
  }
  const auto time = ago ? clock_.now() - *ago : *named;
  if (telling_) tell();
  if (const auto place = ring_.place_of(time)) co_return *place;
  // Of no life of the broker: it is told from the database.
  Events::Place place;
  CO_TRY(co_await database_.read([&](storage::Connection& connection) -> base::Result<void> {
    place.durable = TRY(storage::event_place_of(connection, time));
    return {};
  }));
  // All of it, or nothing, is in the ring.
  co_return place.durable == ring_.oldest().durable ? ring_.oldest() : place;
}

net::Task<EventText> EventFeed::after(Events::Place place, base::EnvironmentId environment, std::size_t most_bytes) {
  if (ring_.holds(place)) {
    auto text = ring_.read(place, environment, most_bytes);
    co_return EventText{.text = std::move(text), .place = place};
  }
  const auto upto = ring_.oldest();
  storage::EventPage page;
  CO_TRY(co_await database_.read([&](storage::Connection& connection) -> base::Result<void> {
    page = TRY(storage::events_after(connection, place.durable, upto.durable, environment, kRowsAtOnce));
    return {};
  }));
  EventText answer{.text = {}, .place = place};
  for (const auto& row : page.rows) {
    answer.place.durable = row.place;
    answer.text += Events::text_of(answer.place, row);
  }
  if (page.to == upto.durable) {
    answer.text += ring_.gap_text(upto, place);
    answer.place = upto;
  }
  co_return answer;
}

}  // namespace slipway::broker
