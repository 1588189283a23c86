// The environments service's event stream: what became durable is told to the ring, and to followers who were away for
// longer than the ring reaches back.

#include <fmt/format.h>

#include <utility>

#include "broker/environments.h"
#include "config/reader.h"
#include "observe/log.h"
#include "storage/events.h"
#include "workflow/sleep.h"

namespace slipway::broker {

namespace {

constexpr int kRowsAtOnce = 200;

}  // namespace

// Whoever makes something durable calls this, and it tells whatever there is: so the order is the database's.
void Environments::tell_events() {
  telling_ = false;
  const auto told = [this]() -> base::Result<void> {
    auto& connection = database_.reader();
    const auto upto = TRY(storage::last_event(connection));
    while (events_.now().durable != upto) {
      const auto page = TRY(storage::events_after(connection, events_.now().durable, upto, {}, kRowsAtOnce));
      events_.publish(page.rows, page.to);
    }
    return {};
  }();
  // The next one tells it.
  if (!told) observe::error("what happened cannot be told to followers yet", told.error());
}

// The steps of all executions that went on in one turn of the loop cost one look at the database.
void Environments::tell_events_soon() {
  if (std::exchange(telling_, true)) return;
  tasks_.spawn("tell events", [this]() -> boost::asio::awaitable<void> {
    tell_events();
    co_return;
  });
}

net::Task<Events::Place> Environments::events_since(std::string since) {
  if (const auto place = Events::parse(since)) {
    if (events_.was_told(*place)) co_return *place;
    co_return base::invalid(fmt::format("{} is the id of no event: it is later than every one so far.", since));
  }
  const auto ago = config::parse_duration(since);
  const auto named = workflow::parse_timestamp(since);
  if (!ago && !named) {
    co_return base::invalid(
        fmt::format("\"{}\" is neither the id of an event, such as 3-17-4711-52, nor a time, such as 10m (ago) or "
                    "2026-01-31T10:00:00Z.",
                    since));
  }
  const auto time = ago ? clock_.now() - *ago : *named;
  if (const auto place = events_.place_of(time)) co_return *place;
  // Of no life of the broker: it is told from the database.
  auto place = std::make_shared<Events::Place>();
  CO_TRY(co_await database_.read([=](storage::Connection& connection) -> base::Result<void> {
    place->durable = TRY(storage::event_place_of(connection, time));
    return {};
  }));
  // All of it, or nothing, is in the ring.
  co_return place->durable == events_.oldest().durable ? events_.oldest() : *place;
}

net::Task<EventText> Environments::events_after(Events::Place place, base::EnvironmentId environment,
                                                std::size_t most_bytes) {
  if (events_.holds(place)) {
    auto text = events_.read(place, environment, most_bytes);
    co_return EventText{.text = std::move(text), .place = place};
  }
  const auto upto = events_.oldest();
  auto page = std::make_shared<storage::EventPage>();
  CO_TRY(co_await database_.read([=](storage::Connection& connection) -> base::Result<void> {
    *page = TRY(storage::events_after(connection, place.durable, upto.durable, environment, kRowsAtOnce));
    return {};
  }));
  EventText answer{.text = {}, .place = place};
  for (const auto& row : page->rows) {
    answer.place.durable = row.place;
    answer.text += Events::text_of(answer.place, row);
  }
  if (page->to == upto.durable) {
    answer.text += events_.gap_text(upto, place);
    answer.place = upto;
  }
  co_return answer;
}

}  // namespace slipway::broker
