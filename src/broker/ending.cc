#include "broker/ending.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace slipway::broker {

namespace {

constexpr std::size_t kShownLines = 3;

// The failure's sentence and, where a command had last words, those: a client of a dialect sees no more than this.
std::string reason_of(const workflow::Failure& failure) {
  const auto& lines = failure.evidence;
  if (lines.empty()) return failure.message;
  std::string_view sentence = failure.message;
  if (sentence.ends_with('.')) sentence.remove_suffix(1);
  const auto first = lines.end() - static_cast<std::ptrdiff_t>(std::min(lines.size(), kShownLines));
  return fmt::format("{}. Last lines: {}", sentence, fmt::join(first, lines.end(), " | "));
}

Failure failure_of(const workflow::Ended& ended) {
  if (ended.failure) {
    const auto& code = ended.failure->code;
    return {.code = code.empty() ? "StepFailed" : code, .reason = reason_of(*ended.failure)};
  }
  const auto status = workflow::to_string(ended.status);
  return {.code = std::string(status), .reason = fmt::format("The {} ended as {}.", ended.kind, status)};
}

void apply_launch(const workflow::Ended& ended, Environment& environment) {
  environment.outputs = ended.outputs;
  if (environment.status != Status::pending) return;
  if (ended.status == workflow::Status::success) {
    environment.status = Status::available;
    return;
  }
  environment.status = Status::failed;
  environment.failure = failure_of(ended);
  environment.rolled_back = ended.outputs.contains(kRolledBack);
}

void apply_terminate(const workflow::Ended& ended, Environment& environment) {
  if (ended.status == workflow::Status::success) {
    environment.status = Status::terminated;
    return;
  }
  environment.status = Status::terminating_failed;
  environment.failure = failure_of(ended);
}

}  // namespace

void apply_end(const workflow::Ended& ended, Environment& environment) {
  if (ended.kind == kLaunch) apply_launch(ended, environment);
  if (ended.kind == kTerminate) apply_terminate(ended, environment);
  environment.updated_at = ended.at;
}

}  // namespace slipway::broker
