#include "http/request_id.h"

#include <cstdint>
#include <random>
#include <string_view>

#include "base/ids.h"

namespace slipway::http {

namespace {
std::mt19937_64 seeded() {
  return std::mt19937_64(std::stoull(base::random_hex(8), nullptr, 16));
}
}  // namespace

std::string new_request_id(base::Time now) {
  static thread_local auto random = seeded();
  constexpr std::string_view kDigits = "0123456789abcdef";
  // RFC 9562, section 5.7: 48 bits of milliseconds, version, 12 bits, variant, 62 bits.
  const auto time = static_cast<std::uint64_t>(now.time_since_epoch().count());
  const std::uint64_t high = time << 16 | 0x7000 | (random() & 0x0fff);
  const std::uint64_t low = 0x8000'0000'0000'0000 | (random() >> 2);
  std::string id = "00000000-0000-0000-0000-000000000000";
  std::size_t nibble = 0;
  for (auto& c : id) {
    if (c == '-') continue;
    const auto word = nibble < 16 ? high : low;
    c = kDigits[word >> (60 - 4 * (nibble % 16)) & 15];
    ++nibble;
  }
  return id;
}

}  // namespace slipway::http
