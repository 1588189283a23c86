#include "workflow/aws_actions.h"

#include <fmt/format.h>

#include "workflow/aws_operations.h"

namespace slipway::workflow {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kNoAws = "it calls AWS, to which this broker has no access";

struct Declaration {
  std::string_view name;
  EffectClass effect;
  std::chrono::seconds default_timeout;
  Action::Inputs inputs;
  std::vector<std::string_view> outputs = {};
  bool selects = false;       // documents may declare outputs of their own
  bool by_operation = false;  // the effect class follows from Service and Api
};

const std::vector<Declaration>& declarations() {
  static const std::vector<Declaration> all = {
      {.name = "aws:executeAwsApi",
       .effect = EffectClass::unsafe,
       .default_timeout = 25s,
       .inputs = {.required = {}, .optional = {"Service", "Api"}, .any = true},
       .selects = true,
       .by_operation = true},
      {.name = "aws:waitForAwsResourceProperty",
       .effect = EffectClass::read,
       .default_timeout = 3600s,
       .inputs = {.required = {"PropertySelector", "DesiredValues"}, .optional = {}, .any = true}},
      {.name = "aws:assertAwsResourceProperty",
       .effect = EffectClass::read,
       .default_timeout = 25s,
       .inputs = {.required = {"PropertySelector", "DesiredValues"}, .optional = {}, .any = true}},
      {.name = "aws:createStack",
       .effect = EffectClass::token,
       .default_timeout = 14'400s,
       .inputs = {.required = {"StackName"},
                  .optional = {"TemplateBody", "TemplateURL", "Parameters", "Capabilities", "ClientRequestToken",
                               "DisableRollback", "OnFailure", "NotificationARNs", "ResourceTypes", "RoleARN",
                               "StackPolicyBody", "StackPolicyURL", "Tags", "TimeoutInMinutes"}},
       .outputs = {"StackId", "StackStatus", "StackStatusReason"}},
      {.name = "aws:deleteStack",
       .effect = EffectClass::natural,
       .default_timeout = 14'400s,
       .inputs = {.required = {"StackName"}, .optional = {"ClientRequestToken", "RetainResources", "RoleARN"}}},
      {.name = "aws:runCommand",
       .effect = EffectClass::unsafe,
       .default_timeout = 3600s,
       .inputs = {.required = {"DocumentName"},
                  .optional = {"InstanceIds", "Targets", "Parameters", "Comment", "DocumentHash", "DocumentHashType",
                               "DocumentVersion", "CloudWatchOutputConfig", "NotificationConfig", "OutputS3BucketName",
                               "OutputS3KeyPrefix", "OutputS3Region", "ServiceRoleArn", "TimeoutSeconds",
                               "MaxConcurrency", "MaxErrors"}},
       .outputs = {"CommandId", "Status", "ResponseCode", "Output"},
       .selects = true},
      {.name = "aws:changeInstanceState",
       .effect = EffectClass::natural,
       .default_timeout = 3600s,
       .inputs = {.required = {"InstanceIds", "DesiredState"},
                  .optional = {"CheckStateOnly", "Force", "AdditionalInfo"}},
       .outputs = {"InstanceStates"}},
      {.name = "aws:runInstances",
       .effect = EffectClass::token,
       .default_timeout = 3600s,
       .inputs = {.required = {"ImageId"}, .optional = {}, .any = true},
       .outputs = {"InstanceIds", "InstanceStates"}},
      {.name = "aws:createTags",
       .effect = EffectClass::natural,
       .default_timeout = 3600s,
       .inputs = {.required = {"ResourceIds", "Tags"}, .optional = {"ResourceType"}}},
      {.name = "aws:createImage",
       .effect = EffectClass::name,
       .default_timeout = 3600s,
       .inputs = {.required = {"InstanceId", "ImageName"},
                  .optional = {"NoReboot", "ImageDescription", "BlockDeviceMappings"}},
       .outputs = {"ImageId", "ImageState"}},
      {.name = "aws:copyImage",
       .effect = EffectClass::token,
       .default_timeout = 3600s,
       .inputs = {.required = {"SourceImageId", "SourceRegion", "ImageName"},
                  .optional = {"ImageDescription", "Encrypted", "KmsKeyId", "ClientToken"}},
       .outputs = {"ImageId", "ImageState"}},
      {.name = "aws:deleteImage",
       .effect = EffectClass::natural,
       .default_timeout = 3600s,
       .inputs = {.required = {"ImageId"}, .optional = {}}},
      {.name = "aws:invokeLambdaFunction",
       .effect = EffectClass::unsafe,
       .default_timeout = 300s,
       .inputs = {.required = {"FunctionName"},
                  .optional = {"Qualifier", "InvocationType", "LogType", "ClientContext", "InputPayload", "Payload"}},
       .outputs = {"StatusCode", "FunctionError", "LogResult", "Payload"},
       .selects = true},
      {.name = "aws:executeStateMachine",
       .effect = EffectClass::name,
       .default_timeout = 3600s,
       .inputs = {.required = {"stateMachineArn"}, .optional = {"input", "name"}},
       .outputs = {"executionArn", "status", "output"}},
  };
  return all;
}

class DeclaredAwsAction final : public PlainAction {
 public:
  explicit DeclaredAwsAction(const Declaration& declared) : declared_(declared) {}

  EffectClass effect_class(const json::object& inputs) const override {
    const auto text = [&](std::string_view name) -> std::string_view {
      const auto* value = inputs.if_contains(name);
      return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view{};
    };
    return declared_.by_operation ? effect_of(text("Service"), text("Api"), inputs) : declared_.effect;
  }
  Inputs inputs() const override { return declared_.inputs; }
  std::string refusal(const json::object&) const override { return std::string(kNoAws); }
  std::vector<std::string_view> outputs() const override { return declared_.outputs; }
  bool selects_outputs() const override { return declared_.selects; }
  std::chrono::seconds default_timeout() const override { return declared_.default_timeout; }
  net::Task<json::object> run(StepContext context, json::object) override {
    co_return base::unavailable(fmt::format("step {} cannot run: {}: {}", context.step, declared_.name, kNoAws),
                                "NoAws");
  }

 private:
  const Declaration& declared_;
};

}  // namespace

void add_aws_actions(ActionRegistry& registry) {
  for (const auto& declared : declarations()) {
    registry.add(std::string(declared.name), std::make_unique<DeclaredAwsAction>(declared));
  }
}

}  // namespace slipway::workflow
