#include "broker/ending.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "broker/environment_type.h"
#include "workflow/parameters.h"

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
    return {.code = code.empty() ? "StepFailed" : code,
            .reason = workflow::hide(reason_of(*ended.failure), ended.secrets)};
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

// Of a start or stop. What a start puts out is true from now on: a port that it chose, for example.
void apply_change(const workflow::Ended& ended, Status reached, Status missed, Environment& environment) {
  if (environment.status != under_way(ended.kind)) return;
  if (ended.status != workflow::Status::success) {
    environment.status = missed;
    environment.failure = failure_of(ended);
    return;
  }
  environment.status = reached;
  if (ended.kind != kStart) return;
  for (const auto& [name, value] : ended.outputs) environment.outputs[name] = value;
}

void apply_terminate(const workflow::Ended& ended, Environment& environment) {
  if (ended.status == workflow::Status::success) {
    environment.status = Status::terminated;
    return;
  }
  environment.status = Status::terminating_failed;
  environment.failure = failure_of(ended);
}

// What to do where a start or stop is not possible as things stand.
std::string_view advice(Status status) {
  switch (status) {
    case Status::pending:
    case Status::starting:
    case Status::stopping:
      return "Wait until that has ended.";
    case Status::available:
    case Status::stopped:
      return "Nothing needs to be done.";
    case Status::starting_failed:
    case Status::stopping_failed:
    case Status::failed:
    case Status::terminating_failed:
      return "Terminate it.";
    case Status::terminating:
    case Status::terminated:
      return "Launch another one.";
  }
}

}  // namespace

Status under_way(std::string_view kind) {
  if (kind == kStart) return Status::starting;
  if (kind == kStop) return Status::stopping;
  return kind == kTerminate ? Status::terminating : Status::pending;
}

base::Result<void> may_begin(std::string_view kind, const Environment& environment) {
  const auto status = environment.status;
  const auto from = kind == kStart ? Status::stopped : Status::available;
  if (status == from || status == Status::starting_failed || status == Status::stopping_failed) return {};
  return base::conflict(
      fmt::format("{} cannot {} while it is {}. {}", environment.name, kind, to_string(status), advice(status)));
}

base::Result<void> may_begin_again(std::string_view kind, const Environment& environment) {
  const auto status = environment.status;
  if (kind == kLaunch && status == Status::failed) return {};
  if (kind == kStart && status == Status::starting_failed) return {};
  if (kind == kStop && status == Status::stopping_failed) return {};
  if (kind == kTerminate && status == Status::terminating_failed) return {};
  return base::conflict(fmt::format("{} cannot be retried while {} is {}.", kind, environment.name, to_string(status)));
}

void apply_end(const workflow::Ended& ended, Environment& environment) {
  workflow::add_secrets(ended.secrets, environment.secrets);
  for (const auto& [name, value] : ended.outputs) {
    if (workflow::is_sensitive(output_key(name))) workflow::add_secrets(value, environment.secrets);
  }
  if (ended.kind == kLaunch) apply_launch(ended, environment);
  if (ended.kind == kStart) apply_change(ended, Status::available, Status::starting_failed, environment);
  if (ended.kind == kStop) apply_change(ended, Status::stopped, Status::stopping_failed, environment);
  if (ended.kind == kTerminate) apply_terminate(ended, environment);
  environment.updated_at = ended.at;
}

}  // namespace slipway::broker
