// Calls of AWS in a document: what can be known of them without the services' models.

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "workflow/aws_operations.h"
#include "workflow/document_reader.h"

namespace slipway::workflow {

using base::YamlNode;

namespace {

constexpr std::int64_t kCallSeconds = 25;  // what one call may take
// Below it the answer of a slow call is lost, and nobody knows whether it was made.
constexpr std::int64_t kShortestUnsafeSeconds = 10;

bool holds_reference(std::string_view text) {
  return text.find("{{") != std::string_view::npos;
}

class CallChecker {
 public:
  CallChecker(const YamlNode& inputs, const StepNode& from, Reading& reading, const Step& step)
      : from_(from),
        reading_(reading),
        step_(step),
        fields_(inputs, from.pointer + "/inputs", step.action, reading.problems) {}

  void check() {
    const bool calls = step_.action == "aws:executeAwsApi";
    const bool waits = step_.action == "aws:waitForAwsResourceProperty";
    const bool asserts = step_.action == "aws:assertAwsResourceProperty";
    if (calls || waits || asserts) check_operation(calls);
    if (waits || asserts) check_property();
    if (waits && step_.timeout.is_null()) {
      warn("W-TIMEOUT", "a wait without timeoutSeconds lasts an hour");
    }
    if (calls && step_.timeout.is_int64() && step_.timeout.get_int64() > kCallSeconds) {
      warn("W-TIMEOUT",
           fmt::format("one call of AWS gets {} s; a longer timeoutSeconds does not make it longer", kCallSeconds));
    }
    if (step_.effect == EffectClass::unsafe && step_.timeout.is_int64() &&
        step_.timeout.get_int64() < kShortestUnsafeSeconds && step_.action.starts_with("aws:")) {
      warn("W-EFFECT", fmt::format("in less than {} s a slow call of {} may be made without an answer",
                                   kShortestUnsafeSeconds, step_.action));
    }
    if (step_.action == "aws:createStack") check_stack();
    if (step_.action == "aws:changeInstanceState") check_state();
    if (step_.action == "aws:runCommand") check_targets();
  }

 private:
  void warn(std::string code, std::string message) {
    const auto* node = from_.node->find("timeoutSeconds");
    reading_.problems.add(std::move(code), node == nullptr ? from_.pointer : from_.pointer + "/timeoutSeconds",
                          node == nullptr ? from_.node->mark : node->mark, std::move(message));
  }

  void check_operation(bool may_write) {
    const auto service = fields_.text("Service");
    const auto api = fields_.text("Api");
    for (const auto& [name, value] : {std::pair("Service", &service), std::pair("Api", &api)}) {
      if (*value && !(*value)->empty()) continue;
      fields_.problem("E-API", "", fmt::format("{} needs the input '{}'", step_.action, name));
    }
    if (!service || !api || holds_reference(*service) || holds_reference(*api)) return;
    const bool good =
        std::ranges::all_of(*service, [](unsigned char c) { return std::islower(c) || std::isdigit(c) || c == '-'; });
    if (!good) {
      fields_.problem("E-API", "Service",
                      fmt::format("'{}' is no service; services are called as in boto3, such as servicecatalog",
                                  base::excerpt(*service)));
    }
    if (!std::ranges::all_of(*api, [](unsigned char c) { return std::isalnum(c) || c == '_'; })) {
      return fields_.problem(
          "E-API", "Api",
          fmt::format("'{}' is no operation, such as DescribeStacks or describe_stacks", base::excerpt(*api)));
    }
    if (is_streaming(*service, *api)) {
      fields_.problem("E-API", "Api", fmt::format("{} of {} is a streaming operation", *api, *service));
    } else if (!may_write && !is_read(*api)) {
      fields_.problem("E-API", "Api", fmt::format("{} only looks, and {} is no reading operation", step_.action, *api));
    } else if (may_write && step_.effect == EffectClass::unsafe && creates(*api)) {
      fields_.problem("W-NOTOKEN", "Api",
                      fmt::format("{} of {} makes something new and has no idempotency token and no unique name: after "
                                  "a crash the step is held",
                                  *api, *service));
    }
  }

  void check_property() {
    const auto selector = fields_.text("PropertySelector");
    if (selector && !holds_reference(*selector)) {
      const auto parsed = parse_selector(*selector);
      if (!parsed) fields_.problem("E-SEL", "PropertySelector", parsed.error().message);
    }
    const auto* desired = fields_.find("DesiredValues");
    const bool good = desired == nullptr || (desired->is_sequence() && !desired->items.empty()) ||
                      (desired->is_scalar() && holds_reference(desired->text));
    if (!good) fields_.problem("E-TYPE", "DesiredValues", "DesiredValues must be a list of at least one value");
  }

  void exclude(std::string_view one, std::string_view other) {
    if (fields_.find(one) == nullptr || fields_.find(other) == nullptr) return;
    fields_.problem("E-KEY", other, fmt::format("{} takes {} or {}, not both", step_.action, one, other));
  }

  void check_stack() {
    exclude("TemplateBody", "TemplateURL");
    exclude("DisableRollback", "OnFailure");
    exclude("StackPolicyBody", "StackPolicyURL");
    if (fields_.find("TemplateBody") == nullptr && fields_.find("TemplateURL") == nullptr) {
      fields_.problem("E-KEY", "", "aws:createStack needs TemplateBody or TemplateURL");
    }
  }

  void check_state() {
    const auto state = fields_.text("DesiredState");
    if (!state || holds_reference(*state)) return;
    if (*state == "running" || *state == "stopped" || *state == "terminated") return;
    fields_.problem("E-TYPE", "DesiredState",
                    fmt::format("DesiredState is running, stopped or terminated, not '{}'", base::excerpt(*state)));
  }

  void check_targets() {
    exclude("InstanceIds", "Targets");
    if (fields_.find("InstanceIds") == nullptr && fields_.find("Targets") == nullptr) {
      fields_.problem("E-KEY", "", "aws:runCommand needs InstanceIds or Targets");
    }
  }

  const StepNode& from_;
  Reading& reading_;
  const Step& step_;
  Fields fields_;
};

}  // namespace

void check_aws_call(const YamlNode& inputs, const StepNode& from, Reading& reading, const Step& step) {
  CallChecker(inputs, from, reading, step).check();
}

}  // namespace slipway::workflow
