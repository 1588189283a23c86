#pragma once
// The documents that a step of kind aws:executeAutomation may name. Implemented by the broker, which knows what belongs
// to an environment; asked by the engine, which hands what it found to the transition function.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "workflow/plan.h"

namespace slipway::workflow {

class ParameterStore;

class Documents {
 public:
  virtual ~Documents() = default;
  // The document that `parent` knows by `name`. Answers at once; the same while the parent's step lasts. Errors:
  // not_found, with what there is; retryable ones where it cannot be told now.
  virtual base::Result<std::shared_ptr<const Plan>> find(const Identity& parent, std::string_view name) const = 0;
  // Where {{ ssm:name }} in defaults of documents finds its value; null: nowhere.
  virtual const ParameterStore* parameter_store() const { return nullptr; }
};

// Documents that were asked for, by the DocumentName as it was written.
using FoundDocuments = std::map<std::string, base::Result<std::shared_ptr<const Plan>>, std::less<>>;

// What a DocumentName names: the text itself, or of an ARN `...:document/NAME` what follows `document/`.
std::string_view document_base_name(std::string_view name);

// Whether a DocumentVersion names the one version that there is: documents have none of their own here, a type's
// version pins them. 1, $DEFAULT and $LATEST do. Errors: invalid.
base::Result<void> check_document_version(std::string_view version);

}  // namespace slipway::workflow
