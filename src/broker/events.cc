#include "broker/events.h"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <charconv>

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

}  // namespace

std::optional<Events::Place> Events::parse(std::string_view text) {
  const auto dash = text.find('-');
  Place place;
  if (dash == std::string_view::npos || !parse_number(text.substr(0, dash), place.epoch) ||
      !parse_number(text.substr(dash + 1), place.number)) {
    return std::nullopt;
  }
  return place;
}

std::string Events::print(const Place& place) {
  return fmt::format("{}-{}", place.epoch, place.number);
}

void Events::publish(std::string_view kind, const base::EnvironmentId& environment, std::string_view name,
                     object about) {
  about["environmentId"] = environment.str();
  about["environment"] = name;
  if (!about.contains("at")) about["at"] = base::iso8601(clock_.now());
  ++last_;
  auto text = event_text(now(), kind, about);
  bytes_ += text.size();
  ring_.push_back({.number = last_, .environment = environment, .text = std::move(text)});
  while (ring_.size() > bounds_.events || (bytes_ > bounds_.bytes && ring_.size() > 1)) {
    bytes_ -= ring_.front().text.size();
    ring_.pop_front();
  }
  for (const auto& wake : followers_) wake();
}

void Events::publish(const workflow::Progress& progress) {
  object about{{"executionId", progress.execution_id.str()},
               {"kind", progress.kind},
               {"step", progress.step},
               {"attempt", progress.attempt},
               {"at", base::iso8601(progress.at)},
               {"correlationId", progress.correlation_id}};
  const bool is_line = progress.what == "Progress";
  if (!is_line) about["event"] = progress.what;
  about[is_line ? "line" : "text"] = progress.text;
  publish(is_line ? "log" : "step", progress.environment_id, progress.environment_name, std::move(about));
}

std::string Events::read(Place& place, const base::EnvironmentId& environment, std::size_t most_bytes) const {
  std::string text;
  const auto oldest = ring_.empty() ? last_ + 1 : ring_.front().number;
  const bool known = place.epoch == epoch_ && place.number <= last_;
  if (!known || place.number + 1 < oldest) {
    const Place behind{epoch_, oldest - 1};
    // A place of an earlier life, when nothing has happened since: there is a gap all the same, as nobody knows.
    text = event_text(behind, "gap",
                      {{"after", print(place)},
                       {"message",
                        "What happened between this and the next event is not kept here; the journals of "
                        "the executions have it."}});
    place = behind;
  }
  // The numbers of the ring have no holes.
  for (auto at = place.number + 1 - oldest; at < ring_.size() && text.size() < most_bytes; ++at) {
    const auto& entry = ring_[at];
    place.number = entry.number;
    if (environment.str().empty() || entry.environment == environment) text += entry.text;
  }
  return text;
}

Events::Follower::Follower(Events& events, std::function<void()> wake)
    : events_(events), at_(events.followers_.insert(events.followers_.end(), std::move(wake))) {}

Events::Follower::~Follower() {
  events_.followers_.erase(at_);
}

}  // namespace slipway::broker
