#include "workflow/aws_actions.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "workflow/aws_operations.h"
#include "workflow/document_fixture.h"

namespace slipway::workflow {
namespace {

namespace json = boost::json;

TEST(AwsOperations, have_a_class_by_their_name_and_by_what_is_known_of_them) {
  struct {
    std::string_view service;
    std::string_view operation;
    json::object inputs;
    EffectClass effect;
  } cases[] = {
      {"servicecatalog", "DescribeProvisionedProduct", {}, EffectClass::read},
      {"rds", "describe_db_instances", {}, EffectClass::read},
      {"dynamodb", "BatchGetItem", {}, EffectClass::read},
      {"cloudtrail", "LookupEvents", {}, EffectClass::read},
      {"servicecatalog", "ProvisionProduct", {}, EffectClass::token},
      {"servicecatalog", "terminate_provisioned_product", {}, EffectClass::token},
      {"anything", "CreateThing", {{"ClientToken", "t"}}, EffectClass::token},
      {"ec2", "RunInstances", {}, EffectClass::token},
      {"sagemaker", "CreateNotebookInstance", {}, EffectClass::name},
      {"stepfunctions", "StartExecution", {{"name", "n"}}, EffectClass::name},
      {"stepfunctions", "StartExecution", {}, EffectClass::unsafe},
      {"sagemaker", "StartNotebookInstance", {}, EffectClass::natural},
      {"sagemaker", "StopNotebookInstance", {}, EffectClass::natural},
      {"ec2", "create_tags", {}, EffectClass::natural},
      {"s3", "PutBucketPolicy", {}, EffectClass::natural},
      {"events", "PutEvents", {}, EffectClass::unsafe},
      {"kinesis", "PutRecords", {}, EffectClass::unsafe},
      {"glue", "StartJobRun", {}, EffectClass::unsafe},
      {"ec2", "CreateSnapshot", {}, EffectClass::unsafe},
      {"sqs", "ReceiveMessage", {}, EffectClass::unsafe},
      {"lambda", "Invoke", {}, EffectClass::unsafe},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(to_string(effect_of(one.service, one.operation, one.inputs)), to_string(one.effect))
        << one.service << " " << one.operation;
  }
}

TEST(AwsOperations, both_spellings_are_one) {
  EXPECT_EQ(operation_key("describe_db_instances"), operation_key("DescribeDBInstances"));
  EXPECT_TRUE(is_streaming("s3", "get_object"));
  EXPECT_TRUE(is_streaming("s3", "GetObject"));
  EXPECT_FALSE(is_streaming("s3", "HeadObject"));
}

TEST(AwsActions, load_and_are_refused_before_a_launch_begins) {
  ActionRegistry actions;
  add_aws_actions(actions);
  const auto loaded = load_document("stack.yaml", R"(schemaVersion: '0.3'
mainSteps:
  - {name: Wait, action: 'aws:sleep', inputs: {Duration: PT1S}}
  - {name: Make, action: 'aws:createStack', inputs: {StackName: s, TemplateBody: '{}'}}
)",
                                    actions);
  ASSERT_TRUE(loaded.plan) << words(loaded);
  EXPECT_EQ(loaded.plan->steps[1].effect, EffectClass::token);
  const auto runnable = check_runnable(*loaded.plan, actions);
  ASSERT_FALSE(runnable);
  EXPECT_EQ(
      runnable.error().message,
      "stack.yaml cannot run here: step Make, aws:createStack: it calls AWS, to which this broker has no access.");
}

}  // namespace
}  // namespace slipway::workflow
