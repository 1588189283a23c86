#include "broker/activity.h"

#include <algorithm>

#include "broker/environment_type.h"
#include "workflow/sleep.h"

namespace slipway::broker {

namespace json = boost::json;

namespace {

std::optional<base::Time> time_of(const json::value& value) {
  if (!value.is_string()) return std::nullopt;
  const auto time = workflow::parse_timestamp(value.get_string());
  return time ? std::optional(*time) : std::nullopt;
}

}  // namespace

Activity told_by(const HttpQuestion& question, const json::value& answer) {
  Activity told{.known = true};
  const auto several = [](json::value found) { return found.is_array() ? found.get_array() : json::array{found}; };
  if (question.last) {
    auto found = workflow::select(*question.last, answer);
    if (!found) return {};
    for (const auto& value : several(std::move(*found))) {
      const auto time = time_of(value);
      if (!time) return {};
      told.last = std::max(told.last.value_or(*time), *time);
    }
  }
  if (question.busy) {
    auto found = workflow::select(*question.busy, answer);
    if (!found) return {};
    const auto values = several(std::move(*found));
    told.busy = std::ranges::find(values, question.equals) != values.end();
  }
  return told;
}

Activity together(const Activity& a, const Activity& b) {
  const bool busy = (a.known && a.busy) || (b.known && b.busy);
  if (!busy && (!a.known || !b.known)) return {};
  return {.known = true, .busy = busy, .last = std::max(a.last, b.last)};
}

}  // namespace slipway::broker
