// The research workbench's own documents, out of the folder that RSW_SRC names: they load as they are, and their traps
// (automation-documents.md, 1.12) are seen. Skipped without it.

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "workflow/aws_actions.h"
#include "workflow/document_fixture.h"
#include "workflow/json_text.h"
#include "workflow/parameters.h"

namespace slipway::workflow {
namespace {

namespace json = boost::json;
using testing::Contains;
using testing::StartsWith;

std::string text_of(const std::string& name) {
  const char* root = std::getenv("RSW_SRC");
  if (root == nullptr) return {};
  std::ifstream file(std::string(root) + "/solutions/swb-reference/src/environment/sagemakerNotebook/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Workbench : testing::Test {
  Workbench() { add_aws_actions(actions); }
  Loaded load_from(const std::string& name) {
    const auto text = text_of(name);
    return text.empty() ? Loaded{} : load_document(name, text, actions);
  }
  ActionRegistry actions;
};

TEST_F(Workbench, its_launch_document_loads_and_its_quiet_ends_are_told) {
  const auto loaded = load_from("sagemakerNotebookLaunchSSM.yaml");
  if (!loaded.plan && loaded.problems.empty()) GTEST_SKIP() << "RSW_SRC names no research workbench";
  ASSERT_TRUE(loaded.plan) << words(loaded);
  EXPECT_THAT(places(loaded), Contains(StartsWith("W-END"))) << words(loaded);
  EXPECT_EQ(loaded.plan->assume_role, "") << "the caller's role";
  const auto launches = std::ranges::find(loaded.plan->steps, 3, &Step::max_attempts);
  ASSERT_NE(launches, loaded.plan->steps.end());
  EXPECT_EQ(launches->effect, EffectClass::token) << "repeated with one derived token";
}

TEST_F(Workbench, its_terminate_document_loads) {
  const auto loaded = load_from("sagemakerNotebookTerminateSSM.yaml");
  if (!loaded.plan && loaded.problems.empty()) GTEST_SKIP() << "RSW_SRC names no research workbench";
  ASSERT_TRUE(loaded.plan) << words(loaded);
  const auto terminates =
      std::ranges::find_if(loaded.plan->steps, [](const Step& step) { return step.inputs.contains("TerminateToken"); });
  ASSERT_NE(terminates, loaded.plan->steps.end());
  EXPECT_EQ(terminates->effect, EffectClass::token);
}

}  // namespace
}  // namespace slipway::workflow
