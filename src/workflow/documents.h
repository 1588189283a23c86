#pragma once
// The documents that a step of kind aws:executeAutomation may name. Implemented by the broker, which knows what belongs
// to an environment; asked by the transition function.

#include <memory>
#include <string_view>

#include "base/result.h"
#include "workflow/plan.h"

namespace slipway::workflow {

class ParameterStore;

class Documents {
 public:
  virtual ~Documents() = default;
  // The document that `parent` knows by `name`. Answers at once; the same while the parent's step lasts. Errors:
  // not_found, with what there is.
  virtual base::Result<std::shared_ptr<const Plan>> find(const Identity& parent, std::string_view name) const = 0;
  // Where {{ ssm:name }} in defaults of documents finds its value; null: nowhere.
  virtual const ParameterStore* parameter_store() const { return nullptr; }
};

// What a DocumentName names: the text itself, or of an ARN `...:document/NAME` what follows `document/`.
std::string_view document_base_name(std::string_view name);

}  // namespace slipway::workflow
