// When an environment of the type ends by itself: idle, or at the end of its time.

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "broker/type_reading.h"
#include "config/reader.h"

namespace slipway::broker {

using std::chrono::milliseconds;
using workflow::Fields;

namespace {

constexpr std::size_t kMostQuestions = 8;
constexpr std::int64_t kMostMinutes = 60 * 24 * 366;

EndAction read_action(Fields& fields, EndAction otherwise) {
  const auto action = fields.text("action");
  if (action == "stop") return EndAction::stop;
  if (action == "terminate") return EndAction::terminate;
  if (action)
    fields.problem("E-TYPE", "action", fmt::format("action is stop or terminate, not '{}'", base::excerpt(*action)));
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

void read_question(const base::YamlNode& node, std::string pointer, TypeReading& reading) {
  Fields fields(node, std::move(pointer), "question", reading.problems);
  const auto selector = [&](Fields& of, std::string_view key) -> std::optional<workflow::Selector> {
    const auto text = of.text(key);
    if (!text) return std::nullopt;
    auto parsed = workflow::parse_selector(*text);
    if (parsed) return std::move(*parsed);
    of.problem("E-SEL", key, parsed.error().message);
    return std::nullopt;
  };
  HttpQuestion question;
  question.path = fields.text("path").value_or("");
  const auto is_plain = [](unsigned char c) { return c > ' ' && c < 0x7f; };
  if (!question.path.starts_with('/') || !std::ranges::all_of(question.path, is_plain)) {
    fields.problem("E-IDLE", "path", "path is that of a URL, such as /api/status: it begins with / and has no spaces");
  }
  question.last = selector(fields, "last");
  if (const auto* busy = fields.find("busy")) {
    Fields inner(*busy, fields.pointer("busy"), "busy", reading.problems);
    question.busy = selector(inner, "select");
    const auto* equals = inner.find("equals");
    if (inner.is_mapping() && (inner.find("select") == nullptr || equals == nullptr || !equals->is_scalar())) {
      inner.problem("E-IDLE", "equals", "busy needs select, and equals with one value");
    }
    if (equals != nullptr) question.equals = equals->to_json();
    inner.refuse_rest();
  } else if (fields.find("last") == nullptr) {
    fields.problem("E-IDLE", "", "a question needs last or busy: what of the answer tells activity");
  }
  fields.refuse_rest();
  reading.type.idle->http.push_back(std::move(question));
}

void read_activity(Fields& idle, TypeReading& reading) {
  const auto* node = idle.find("activity");
  if (node == nullptr) return;
  Fields fields(*node, idle.pointer("activity"), "activity", reading.problems);
  const auto* http = fields.find("http");
  if (http == nullptr || !http->is_sequence() || http->items.empty() || http->items.size() > kMostQuestions) {
    fields.problem("E-IDLE", "http", fmt::format("activity needs http: a list of 1 to {} questions", kMostQuestions));
  } else {
    for (std::size_t i = 0; i < http->items.size(); ++i) {
      read_question(http->items[i], fmt::format("{}/{}", fields.pointer("http"), i), reading);
    }
  }
  fields.refuse_rest();
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
  reading.type.idle = std::move(idle);
  read_activity(fields, reading);
  fields.refuse_rest();
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
