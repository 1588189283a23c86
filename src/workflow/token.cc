#include "workflow/token.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>

namespace slipway::workflow {

std::string effect_token(std::string_view installation_id, const base::ExecutionId& execution,
                         std::string_view step_path, int visit, int generation) {
  const auto hash = base::sha256_hex(
      fmt::format("{}\n{}\n{}\n{}\n{}", installation_id, execution.str(), step_path, visit, generation));
  const auto nibble = [&](std::size_t at) { return hash[at] <= '9' ? hash[at] - '0' : hash[at] - 'a' + 10; };
  const std::string_view digits = hash;
  return fmt::format("{}{}-{}-8{}-{}{}-{}", "abcdef"[nibble(0) % 6], digits.substr(1, 7), digits.substr(8, 4),
                     digits.substr(13, 3), "89ab"[nibble(16) % 4], digits.substr(17, 3), digits.substr(20, 12));
}

std::string child_id(std::string_view token, base::Time entered_at) {
  const auto time = fmt::format("{:012x}", entered_at.time_since_epoch().count());
  const std::string_view digits = time;
  return fmt::format("{}-{}-7{}", digits.substr(0, 8), digits.substr(8, 4), token.substr(15));
}

double jitter(std::string_view token, int attempt) {
  const auto hash = base::sha256_hex(fmt::format("{}\n{}", token, attempt));
  std::uint32_t number = 0;
  std::from_chars(hash.data(), hash.data() + 8, number, 16);
  return number / 4294967296.0;
}

}  // namespace slipway::workflow
