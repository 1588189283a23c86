#include "broker/events.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <iterator>

#include "base/text.h"
#include "workflow/journal.h"

namespace slipway::broker {

namespace {

using boost::json::object;

template <class T>
bool parse_number(std::string_view text, T& number) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failure == std::errc() && end == text.data() + text.size() && !text.empty();
}

// One event of text/event-stream; JSON has no line break in it.
std::string event_text(const Events::Place& place, std::string_view kind, const object& data) {
  return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", Events::print(place), kind, boost::json::serialize(data));
}

object step_data(const workflow::Progress& progress) {
  return {{"executionId", progress.execution_id.str()},
          {"kind", progress.kind},
          {"step", progress.step},
          {"attempt", progress.attempt},
          {"at", base::iso8601(progress.at)},
          {"correlationId", progress.correlation_id}};
}

void put_environment(object& into, const base::EnvironmentId& id, std::string_view name) {
  into["environmentId"] = id.str();
  into["environment"] = name;
}

}  // namespace

std::optional<Events::Place> Events::parse(std::string_view text) {
  const auto parts = base::split(text, '-');
  Place place;
  if (parts.size() != 4 || !parse_number(parts[0], place.epoch) || !parse_number(parts[1], place.number) ||
      !parse_number(parts[2], place.durable.jid) || !parse_number(parts[3], place.durable.event)) {
    return std::nullopt;
  }
  return place;
}

std::string Events::print(const Place& place) {
  return fmt::format("{}-{}-{}-{}", place.epoch, place.number, place.durable.jid, place.durable.event);
}

void Events::begin_epoch(std::int64_t epoch, storage::EventPlace durable) {
  now_ = oldest_ = {.epoch = epoch, .number = 0, .durable = durable};
}

std::string Events::text_of(const Place& place, const storage::EventRow& row) {
  auto data = workflow::read_payload(row.data);
  if (row.kind == "step") {
    const auto line = workflow::in_a_line(data);
    data = step_data({.execution_id = row.execution_id,
                      .environment_id = row.environment_id,
                      .environment_name = row.environment,
                      .kind = row.execution_kind,
                      .what = row.what,
                      .step = row.step,
                      .attempt = static_cast<int>(row.attempt),
                      .text = line,
                      .at = row.at,
                      .correlation_id = row.correlation_id});
    data["event"] = row.what;
    data["text"] = line;
  }
  data["at"] = base::iso8601(row.at);
  put_environment(data, row.environment_id, row.environment);
  return event_text(place, row.kind, data);
}

std::string Events::gap_text(const Place& place, const Place& after) const {
  return event_text(place, "gap",
                    {{"after", print(after)},
                     {"message", "Log lines that steps said meanwhile are not kept; the logs have them."},
                     {"at", base::iso8601(clock_.now())}});
}

void Events::publish(const std::vector<storage::EventRow>& rows, storage::EventPlace to) {
  for (const auto& row : rows) {
    ++now_.number;
    now_.durable = row.place;
    append(row.environment_id, row.at, text_of(now_, row));
  }
  now_.durable = to;
}

void Events::publish(const workflow::Progress& line) {
  auto data = step_data(line);
  data["line"] = line.text;
  put_environment(data, line.environment_id, line.environment_name);
  ++now_.number;
  append(line.environment_id, line.at, event_text(now_, "log", data));
}

void Events::append(const base::EnvironmentId& environment, base::Time at, std::string text) {
  bytes_ += text.size();
  ring_.push_back({.place = now_, .environment = environment, .at = at, .text = std::move(text)});
  while (ring_.size() > bounds_.events || (bytes_ > bounds_.bytes && ring_.size() > 1)) {
    oldest_ = ring_.front().place;
    bytes_ -= ring_.front().text.size();
    ring_.pop_front();
  }
  for (const auto& wake : followers_) {
    if (wake.of.str().empty() || wake.of == environment) wake.call();
  }
}

bool Events::was_told(const Place& place) const {
  const bool earlier = place.epoch < now_.epoch || (place.epoch == now_.epoch && place.number <= now_.number);
  return earlier && place.durable.jid <= now_.durable.jid && place.durable.event <= now_.durable.event;
}

std::optional<Events::Place> Events::place_of(base::Time since) const {
  if (ring_.empty() || ring_.front().at >= since) return std::nullopt;
  const auto next = std::ranges::find_if(ring_, [&](const Entry& entry) { return entry.at >= since; });
  return std::prev(next)->place;
}

bool Events::holds(const Place& place) const {
  return place.epoch == now_.epoch && place.number >= oldest_.number && place.number <= now_.number;
}

std::string Events::read(Place& place, const base::EnvironmentId& environment, std::size_t most_bytes) const {
  std::string text;
  // The numbers of the ring have no holes.
  for (auto at = place.number - oldest_.number; at < ring_.size() && text.size() < most_bytes; ++at) {
    const auto& entry = ring_[at];
    place = entry.place;
    if (environment.str().empty() || entry.environment == environment) text += entry.text;
  }
  return text;
}

Events::Follower::Follower(Events& events, std::function<void()> wake, base::EnvironmentId of)
    : events_(events), at_(events.followers_.insert(events.followers_.end(), {std::move(wake), std::move(of)})) {}

Events::Follower::~Follower() {
  events_.followers_.erase(at_);
}

}  // namespace slipway::broker
