#include "workflow/answer.h"

#include "workflow/aws_actions.h"
#include "workflow/document_fixture.h"

namespace slipway::workflow {
namespace {

namespace json = boost::json;

json::object kept(std::string_view action, bool selects) {
  static const auto actions = [] {
    auto all = std::make_unique<ActionRegistry>();
    add_aws_actions(*all);
    all->add("local:do", std::make_unique<DeclaredAction>());
    return all;
  }();
  Step step;
  if (selects) step.outputs = {{.name = "Out", .selector = *parse_selector("$.Deep.Out"), .type = Type::string}};
  return what_is_kept(*actions->find(action), step, {{"Id", "i"}, {"Payload", "p"}, {"Deep", {{"Out", "o"}}}});
}

TEST(Answers, of_an_api_are_not_kept_where_nothing_is_selected_of_them) {
  EXPECT_TRUE(kept("aws:executeAwsApi", false).empty());
  EXPECT_EQ(kept("aws:invokeLambdaFunction", false), (json::object{{"Payload", "p"}}));
}

TEST(Answers, that_are_selected_from_or_say_just_what_the_action_gives_stay_whole) {
  EXPECT_EQ(kept("aws:executeAwsApi", true).size(), 3u);
  EXPECT_EQ(kept("local:do", false).size(), 3u);
}

}  // namespace
}  // namespace slipway::workflow
