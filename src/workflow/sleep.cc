#include "workflow/sleep.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <charconv>

namespace slipway::workflow {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr auto kLongest = 604'799s;

// Reads `digits` decimal digits (0: as many as there are) off the front of `text`.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  auto length = text.find_first_not_of("0123456789");
  if (length == std::string_view::npos) length = text.size();
  if (digits != 0 && length < digits) return std::nullopt;
  if (digits != 0) length = digits;
  if (length == 0 || length > 9) return std::nullopt;
  int value = 0;
  std::from_chars(text.data(), text.data() + length, value);
  text.remove_prefix(length);
  return value;
}

bool take(std::string_view& text, char wanted) {
  if (!text.starts_with(wanted)) return false;
  text.remove_prefix(1);
  return true;
}

// ".25" as milliseconds; nothing where there is no fraction.
milliseconds take_fraction(std::string_view& text) {
  if (text.size() < 2 || (text[0] != '.' && text[0] != ',') || text[1] < '0' || text[1] > '9') return 0ms;
  text.remove_prefix(1);
  int value = 0;
  for (int weight = 100; !text.empty() && text[0] >= '0' && text[0] <= '9'; weight /= 10) {
    value += (text[0] - '0') * weight;
    text.remove_prefix(1);
  }
  return milliseconds(value);
}

std::optional<milliseconds> unit_of(char letter, bool in_time) {
  if (in_time && letter == 'H') return 1h;
  if (in_time && letter == 'M') return 1min;
  if (in_time && letter == 'S') return 1s;
  if (!in_time && letter == 'D') return 24h;
  if (!in_time && letter == 'W') return 24h * 7;
  return std::nullopt;
}

std::optional<milliseconds> take_offset(std::string_view& text) {
  if (take(text, 'Z')) return 0ms;
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const int sign = text[0] == '-' ? -1 : 1;
  text.remove_prefix(1);
  const auto hours = take_number(text, 2);
  take(text, ':');
  const auto minutes = take_number(text, 2);
  if (!hours || !minutes) return std::nullopt;
  return sign * (std::chrono::hours(*hours) + std::chrono::minutes(*minutes));
}

}  // namespace

base::Result<milliseconds> parse_duration(std::string_view text) {
  const auto refusal = base::invalid(fmt::format("'{}' is not an ISO 8601 duration such as PT10M or P1DT2H", text));
  if (!take(text, 'P') || text.empty()) return refusal;
  milliseconds total{0};
  bool in_time = false;
  while (!text.empty()) {
    if (!in_time && take(text, 'T')) {
      in_time = true;
      if (text.empty()) return refusal;
    }
    const auto number = take_number(text, 0);
    if (!number) return refusal;
    const auto fraction = take_fraction(text);
    const auto unit = text.empty() ? std::nullopt : unit_of(text[0], in_time);
    if (!unit || (fraction != 0ms && text[0] != 'S')) return refusal;
    text.remove_prefix(1);
    total += *number * *unit + fraction;
    if (total > 24h * 365'000) return refusal;
  }
  return total;
}

base::Result<base::Time> parse_timestamp(std::string_view text) {
  const auto refusal = base::invalid(fmt::format("'{}' is not an ISO 8601 time such as 2026-01-31T10:00:00Z", text));
  const auto year = take_number(text, 4);
  if (!year || !take(text, '-')) return refusal;
  const auto month = take_number(text, 2);
  if (!month || !take(text, '-')) return refusal;
  const auto day = take_number(text, 2);
  if (!day || !take(text, 'T')) return refusal;
  const auto hour = take_number(text, 2);
  if (!hour || !take(text, ':')) return refusal;
  const auto minute = take_number(text, 2);
  if (!minute) return refusal;
  const auto second = take(text, ':') ? take_number(text, 2) : 0;
  if (!second) return refusal;
  const auto fraction = take_fraction(text);
  const auto offset = take_offset(text);
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!offset || !text.empty() || !date.ok() || *hour > 23 || *minute > 59 || *second > 60) return refusal;
  return base::Time(std::chrono::sys_days(date)) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second) + fraction - *offset;
}

base::Result<base::Time> sleep_until(const boost::json::object& inputs, base::Time now) {
  const auto* duration = inputs.if_contains("Duration");
  const auto* timestamp = inputs.if_contains("Timestamp");
  if ((duration == nullptr) == (timestamp == nullptr)) {
    return base::invalid("aws:sleep takes exactly one of Duration and Timestamp");
  }
  const auto& given = duration != nullptr ? *duration : *timestamp;
  if (!given.is_string()) return base::invalid("Duration and Timestamp of aws:sleep are ISO 8601 texts");
  const auto until =
      duration != nullptr ? now + TRY(parse_duration(given.get_string())) : TRY(parse_timestamp(given.get_string()));
  if (until - now > kLongest) return base::invalid("aws:sleep waits at most 604,799 seconds (7 days)");
  return std::max(until, now);
}

}  // namespace slipway::workflow
