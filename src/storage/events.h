#pragma once
// What happened, in the order in which it became durable: rows of `event` (status changes, warnings) and of `journal`
// (steps). Used by the broker's event stream.

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "storage/database.h"

namespace slipway::storage {

// Behind the journal's row `jid` and the row `event` of the other table.
struct EventPlace {
  std::int64_t jid = 0;
  std::int64_t event = 0;
  auto operator<=>(const EventPlace&) const = default;
};

struct EventRow {
  EventPlace place;  // behind it
  std::string kind;  // status, warning, step
  base::EnvironmentId environment_id;
  std::string environment;  // its name
  base::Time at{};
  std::string data;  // JSON object; of a step the journal row's payload
  // Of the execution; of a step alone.
  base::ExecutionId execution_id;
  std::string execution_kind;
  std::string correlation_id;
  std::string what;  // the journal row's kind
  std::string step;
  std::int64_t attempt = 0;
};

struct EventPage {
  std::vector<EventRow> rows;  // oldest first
  EventPlace to;               // behind all that was looked at
};

// Belongs into the transaction of what it tells. `data`: a JSON object.
base::Result<void> append_event(Connection& connection, const base::EnvironmentId& environment, std::string_view kind,
                                base::Time at, std::string_view data);

// Behind everything that is stored.
base::Result<EventPlace> last_event(Connection& connection);

// Behind everything that is older than `since`.
base::Result<EventPlace> event_place_of(Connection& connection, base::Time since);

// What happened behind `after` and not behind `upto`, to one environment or (empty id) to all; about `limit` rows at
// most of each table. Nothing is left where `to` is `upto`, or where there are no rows.
base::Result<EventPage> events_after(Connection& connection, EventPlace after, EventPlace upto,
                                     const base::EnvironmentId& environment, int limit);

}  // namespace slipway::storage
