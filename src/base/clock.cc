#include "base/clock.h"

#include <cstddef>

namespace slipway::base {

namespace {
class SystemClock final : public Clock {
 public:
  Time now() const override { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); }
};

struct Civil {
  std::chrono::year_month_day date;
  std::chrono::hh_mm_ss<std::chrono::milliseconds> time;
};

Civil civil(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  return {std::chrono::year_month_day(day), std::chrono::hh_mm_ss(time - day)};
}

// Writes `value` with leading zeros at `at`. Every log line and every answer has times in it, and a formatting library
// takes a microsecond for one.
void put(std::string& text, std::size_t at, std::size_t digits, long value) {
  for (std::size_t i = digits; i > 0; --i, value /= 10) text[at + i - 1] = static_cast<char>('0' + value % 10);
}
}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

std::string iso8601(Time time) {
  const auto [date, clock] = civil(time);
  std::string text = "0000-00-00T00:00:00.000Z";
  put(text, 0, 4, static_cast<int>(date.year()));
  put(text, 5, 2, static_cast<unsigned>(date.month()));
  put(text, 8, 2, static_cast<unsigned>(date.day()));
  put(text, 11, 2, clock.hours().count());
  put(text, 14, 2, clock.minutes().count());
  put(text, 17, 2, clock.seconds().count());
  put(text, 20, 3, clock.subseconds().count());
  return text;
}

std::string basic_iso8601(Time time) {
  const auto [date, clock] = civil(time);
  std::string text = "00000000T000000Z";
  put(text, 0, 4, static_cast<int>(date.year()));
  put(text, 4, 2, static_cast<unsigned>(date.month()));
  put(text, 6, 2, static_cast<unsigned>(date.day()));
  put(text, 9, 2, clock.hours().count());
  put(text, 11, 2, clock.minutes().count());
  put(text, 13, 2, clock.seconds().count());
  return text;
}

}  // namespace slipway::base
