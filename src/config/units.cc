#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <optional>
#include <utility>

#include "base/text.h"
#include "config/reader.h"

namespace slipway::config {

namespace {
using Unit = std::pair<std::string_view, std::int64_t>;
constexpr std::array<Unit, 5> kDurations{{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
constexpr std::array<Unit, 4> kSizes{{{"", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}}};

// The number of smallest units that `text`, a number and one of `units`, stands for; nothing where it does not fit.
std::optional<std::int64_t> parse(std::string_view text, std::span<const Unit> units) {
  std::int64_t number = 0;
  const auto* end = text.data() + text.size();
  const auto [rest, failure] = std::from_chars(text.data(), end, number);
  if (failure != std::errc() || number < 0) return std::nullopt;
  const std::string_view name(rest, static_cast<std::size_t>(end - rest));
  const auto unit = std::ranges::find(units, name, &Unit::first);
  if (unit == units.end() || number > std::numeric_limits<std::int64_t>::max() / unit->second) return std::nullopt;
  return number * unit->second;
}

std::string print(std::int64_t number, std::span<const Unit> units) {
  const Unit* best = &units.front();
  for (const auto& unit : units) {
    if (number != 0 && number % unit.second == 0) best = &unit;
  }
  return fmt::format("{}{}", number / best->second, best->first);
}

std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({replaced, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row.back();
}
}  // namespace

base::Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  if (text == "0") return std::chrono::milliseconds(0);
  if (const auto number = parse(text, kDurations)) return std::chrono::milliseconds(*number);
  return base::invalid(
      fmt::format("\"{}\" is no duration: write a number and ms, s, m, h or d, such as 30s", base::excerpt(text)));
}

base::Result<std::size_t> parse_bytes(std::string_view text) {
  if (const auto number = parse(text, kSizes)) return static_cast<std::size_t>(*number);
  return base::invalid(
      fmt::format("\"{}\" is no size: write a number of bytes, or one with KiB, MiB or GiB", base::excerpt(text)));
}

std::string print_duration(std::chrono::milliseconds duration) {
  return print(duration.count(), kDurations);
}
std::string print_bytes(std::size_t bytes) {
  return print(static_cast<std::int64_t>(bytes), kSizes);
}

std::string nearest(std::string_view text, const std::vector<std::string>& known) {
  std::string best;
  std::size_t fewest = std::max<std::size_t>(2, text.size() / 3) + 1;
  for (const auto& candidate : known) {
    const auto distance = edits(text, candidate);
    if (distance >= fewest) continue;
    fewest = distance;
    best = candidate;
  }
  return best;
}

}  // namespace slipway::config
