#pragma once
// Whether a program that died is started again, and how soon. Only judges; who tends it waits.

#include <chrono>
#include <optional>

namespace slipway::provider::local::programs {

class RestartPolicy {
 public:
  // A program that ran for so long was well: what killed it has nothing to do with how it is started.
  static constexpr std::chrono::minutes kWell{5};
  static constexpr int kMostDeaths = 5;  // in a row, none after being well; one more and it stays down

  // Doubles with each death; the first restart is at once.
  explicit RestartPolicy(std::chrono::milliseconds first_pause = std::chrono::seconds(1)) : first_pause_(first_pause) {}

  // It died, or could not be started, having run for `ran`. How long to wait before the next start; nothing: it stays
  // down.
  std::optional<std::chrono::milliseconds> died(std::chrono::milliseconds ran) {
    deaths_ = ran >= kWell ? 1 : deaths_ + 1;
    if (deaths_ > kMostDeaths) return std::nullopt;
    return deaths_ == 1 ? std::chrono::milliseconds(0) : first_pause_ * (1 << (deaths_ - 2));
  }

 private:
  std::chrono::milliseconds first_pause_;
  int deaths_ = 0;
};

}  // namespace slipway::provider::local::programs
