#include "workflow/answer.h"

namespace slipway::workflow {

boost::json::object what_is_kept(const Action& action, const Step& step, boost::json::object answer) {
  if (!action.selects_outputs() || !step.outputs.empty()) return answer;
  boost::json::object kept;
  for (const auto name : action.outputs()) {
    if (auto* value = answer.if_contains(name)) kept[name] = std::move(*value);
  }
  return kept;
}

}  // namespace slipway::workflow
