#include "workflow/transient.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "workflow/document_fixture.h"

namespace slipway::workflow {
namespace {

using testing::HasSubstr;

std::shared_ptr<const Plan> document_with(std::string_view step) {
  return plan_of(fmt::format("schemaVersion: '0.3'\nmainSteps:\n  - {}\n", step));
}

TEST(Transient, what_leaves_something_or_waits_is_refused_by_its_step) {
  for (const auto* step :
       {"{name: Look, action: 'local:do', inputs: {}}", "{name: Look, action: 'local:token', inputs: {}}",
        "{name: Look, action: 'local:unsafe', inputs: {}}",
        "{name: Look, action: 'aws:sleep', inputs: {Duration: PT1S}}",
        "{name: Look, action: 'aws:pause', inputs: {}}"}) {
    const auto refused = check_transient(*document_with(step));
    ASSERT_FALSE(refused) << step;
    EXPECT_EQ(refused.error().code, "NotTransient") << step;
    EXPECT_THAT(refused.error().message, HasSubstr("Look")) << step;
  }
}

TEST(Transient, what_only_looks_is_not) {
  for (const auto* step :
       {"{name: Look, action: 'local:read', inputs: {}}", "{name: Look, action: 'local:natural', inputs: {}}"}) {
    EXPECT_TRUE(check_transient(*document_with(step))) << step;
  }
}

}  // namespace
}  // namespace slipway::workflow
