#include "storage/events.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "storage/columns.h"

namespace slipway::storage {

using base::Result;

namespace {

constexpr auto kEnd = std::numeric_limits<std::int64_t>::max();

EventRow read_event(Columns columns) {
  EventRow row;
  row.place.jid = columns.integer();
  row.place.event = columns.integer();
  row.kind = columns.text();
  row.environment_id = base::EnvironmentId(columns.text());
  row.environment = columns.text();
  row.at = columns.time();
  row.data = columns.text();
  return row;
}

EventRow read_step(Columns columns) {
  EventRow row;
  row.kind = "step";
  row.place.jid = columns.integer();
  row.environment_id = base::EnvironmentId(columns.text());
  row.environment = columns.text();
  row.at = columns.time();
  row.data = columns.text();
  row.execution_id = base::ExecutionId(columns.text());
  row.execution_kind = columns.text();
  row.correlation_id = columns.text();
  row.what = columns.text();
  row.step = columns.text();
  row.attempt = columns.integer();
  return row;
}

const std::string kEvents =
    "SELECT t.jid, t.id, t.kind, v.id, v.name, t.at, t.data FROM event t JOIN environment v ON v.id = t.environment_id "
    "WHERE t.id > ? AND t.id <= ? ";
// Not told: what only the engine needs to know. The acceptance is told as a status.
const std::string kSteps =
    "SELECT j.jid, v.id, v.name, j.at, j.payload, e.id, e.kind, e.correlation_id, j.kind, j.step, j.attempt "
    "FROM journal j JOIN execution e ON e.id = j.execution_id JOIN environment v ON v.id = e.environment_id "
    "WHERE j.jid > ? AND j.jid <= ? AND j.kind NOT IN ('Accepted', 'Takeover', 'Sent') ";

Result<std::vector<EventRow>> read_events(Connection& connection, std::int64_t after, std::int64_t upto,
                                          const base::EnvironmentId& environment, int limit) {
  static const std::string all = kEvents + "ORDER BY t.id LIMIT ?";
  static const std::string of_one = kEvents + "AND t.environment_id = ? ORDER BY t.id LIMIT ?";
  if (environment.str().empty()) return all_rows(connection, all, {after, upto, limit}, read_event);
  return all_rows(connection, of_one, {after, upto, environment.str(), limit}, read_event);
}

Result<std::vector<EventRow>> read_steps(Connection& connection, std::int64_t after, std::int64_t upto,
                                         const base::EnvironmentId& environment, int limit) {
  static const std::string all = kSteps + "ORDER BY j.jid LIMIT ?";
  static const std::string of_one = kSteps + "AND e.environment_id = ? ORDER BY j.jid LIMIT ?";
  if (environment.str().empty()) return all_rows(connection, all, {after, upto, limit}, read_step);
  return all_rows(connection, of_one, {after, upto, environment.str(), limit}, read_step);
}

EventPlace read_place(Columns columns) {
  EventPlace place;
  place.jid = columns.integer();
  place.event = columns.integer();
  return place;
}

struct Dated {
  std::int64_t id = 0;
  base::Time at{};
};

Dated read_dated(Columns columns) {
  Dated row;
  row.id = columns.integer();
  row.at = columns.time();
  return row;
}

// Rows of these tables are appended in the order of time, so what is looked for is found by halving: an index by time
// would cost every step of every execution.
Result<std::int64_t> last_before(Connection& connection, const std::string& next_row, std::int64_t end,
                                 base::Time since) {
  std::int64_t before = 0;
  for (std::int64_t behind = end + 1; before + 1 < behind;) {
    const auto middle = before + (behind - before) / 2;
    const auto row = TRY(first_row(connection, next_row, {middle, behind}, read_dated));
    if (row && row->at < since) {
      before = row->id;
    } else {
      behind = middle;
    }
  }
  return before;
}

}  // namespace

Result<void> append_event(Connection& connection, const base::EnvironmentId& environment, std::string_view kind,
                          base::Time at, std::string_view data) {
  TRY(
      connection.execute("INSERT INTO event (jid, environment_id, kind, at, data) "
                         "VALUES ((SELECT coalesce(max(jid), 0) FROM journal), ?, ?, ?, ?)",
                         {environment.str(), kind, column(at), data}));
  return {};
}

Result<EventPlace> last_event(Connection& connection) {
  // One statement, and so one moment: no commit comes in between.
  static constexpr std::string_view kLast =
      "SELECT coalesce((SELECT max(jid) FROM journal), 0), coalesce((SELECT max(id) FROM event), 0)";
  return TRY(first_row(connection, kLast, {}, read_place)).value_or(EventPlace{});
}

Result<EventPlace> event_place_of(Connection& connection, base::Time since) {
  const auto end = TRY(last_event(connection));
  EventPlace place;
  place.jid = TRY(last_before(connection, "SELECT jid, at FROM journal WHERE jid >= ? AND jid < ? ORDER BY jid LIMIT 1",
                              end.jid, since));
  place.event = TRY(last_before(connection, "SELECT id, at FROM event WHERE id >= ? AND id < ? ORDER BY id LIMIT 1",
                                end.event, since));
  return place;
}

Result<EventPage> events_after(Connection& connection, EventPlace after, EventPlace upto,
                               const base::EnvironmentId& environment, int limit) {
  auto events = TRY(read_events(connection, after.event, upto.event, environment, limit));
  auto steps = TRY(read_steps(connection, after.jid, upto.jid, environment, limit));
  const bool more_events = std::ssize(events) == limit;
  const bool more_steps = std::ssize(steps) == limit;
  // Of a table that has more, nobody knows yet what stands before the rest of the other one.
  const auto last_step = more_steps ? steps.back().place.jid : kEnd;
  const auto last_event = more_events ? events.back().place.jid : kEnd;
  std::erase_if(events, [&](const EventRow& row) { return row.place.jid > last_step; });
  std::erase_if(steps, [&](const EventRow& row) { return row.place.jid > last_event; });
  EventPage page;
  const auto jid = [](const EventRow& row) { return row.place.jid; };
  std::ranges::merge(steps, events, std::back_inserter(page.rows), {}, jid, jid);
  page.to = after;
  for (auto& row : page.rows) {
    if (row.kind == "step") {
      page.to.jid = row.place.jid;
    } else {
      page.to.event = row.place.event;
    }
    row.place = page.to;
  }
  if (!more_events && !more_steps) page.to = upto;
  return page;
}

}  // namespace slipway::storage
