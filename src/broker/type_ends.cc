// When an environment of the type ends by itself: idle, or at the end of its time.

#include <fmt/format.h>

#include "broker/type_reading.h"
#include "config/reader.h"

namespace slipway::broker {

using std::chrono::milliseconds;
using workflow::Fields;

namespace {

constexpr std::int64_t kMostMinutes = 60 * 24 * 366;

EndAction read_action(Fields& fields, EndAction otherwise) {
  const auto action = fields.text("action");
  if (action == "stop") return EndAction::stop;
  if (action == "terminate") return EndAction::terminate;
  if (action) fields.problem("E-TYPE", "action", fmt::format("action is stop or terminate, not '{}'", *action));
  return otherwise;
}

std::optional<milliseconds> read_duration(Fields& fields, std::string_view key) {
  const auto text = fields.text(key);
  if (!text) return std::nullopt;
  const auto duration = config::parse_duration(*text);
  if (!duration) {
    fields.problem("E-TYPE", key, fmt::format("{}: {}", key, duration.error().message));
    return std::nullopt;
  }
  return *duration;
}

void read_idle(Fields& root, TypeReading& reading) {
  const auto* node = root.find("idle");
  if (node == nullptr) return;
  Fields fields(*node, "/idle", "idle", reading.problems);
  IdleRule idle;
  if (const auto* after = fields.find("after"); after == nullptr) {
    fields.problem("E-TYPE", "after", "idle needs after: minutes without activity, or '{{ Parameter }}'");
  } else if (after->text.find("{{") == std::string::npos) {
    idle.after = fields.integer("after", 0, kMostMinutes).value_or(0);
  } else {
    idle.after = after->text;
  }
  idle.action = read_action(fields, EndAction::stop);
  idle.activity = read_object(fields, "activity");
  fields.refuse_rest();
  reading.type.idle = std::move(idle);
}

void read_time_to_live(Fields& root, TypeReading& reading) {
  const auto* node = root.find("timeToLive");
  if (node == nullptr) return;
  Fields fields(*node, "/timeToLive", "timeToLive", reading.problems);
  auto& time = reading.type.time_to_live;
  time.otherwise = read_duration(fields, "default");
  time.most = read_duration(fields, "most");
  time.warn = read_duration(fields, "warn").value_or(milliseconds(0));
  time.action = read_action(fields, EndAction::terminate);
  fields.refuse_rest();
  if (time.most && time.otherwise.value_or(milliseconds(0)) > *time.most) {
    fields.problem("E-TYPE", "default", "default is longer than most");
  }
  if (time.otherwise && time.warn > *time.otherwise) {
    fields.problem("E-TYPE", "warn", "warn is longer than default: the warning would come before the launch");
  }
}

}  // namespace

void read_ends(Fields& root, TypeReading& reading) {
  read_idle(root, reading);
  read_time_to_live(root, reading);
}

}  // namespace slipway::broker
