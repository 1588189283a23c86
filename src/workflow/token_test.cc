#include "workflow/token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace slipway::workflow {
namespace {

const base::ExecutionId kExecution("01890000-0000-7000-8000-000000000001");

TEST(Token, is_the_same_for_ever) {
  // Changing this breaks adoption of what older brokers began.
  EXPECT_EQ(effect_token("installation", kExecution, "Launch", 1, 0), "fb4d90f5-51d3-80f8-b998-1814287324de");
}

TEST(Token, of_a_child_begins_with_the_time) {
  EXPECT_EQ(child_id("fb4d90f5-51d3-80f8-b998-1814287324de", base::Time(std::chrono::milliseconds(1'700'000'000'000))),
            "018bcfe5-6800-70f8-b998-1814287324de");
}

TEST(Token, differs_by_each_of_its_parts) {
  std::set<std::string> tokens = {
      effect_token("i", kExecution, "A", 1, 0),
      effect_token("j", kExecution, "A", 1, 0),
      effect_token("i", base::ExecutionId("other"), "A", 1, 0),
      effect_token("i", kExecution, "B", 1, 0),
      effect_token("i", kExecution, "A", 2, 0),
      effect_token("i", kExecution, "A", 1, 1),
  };
  EXPECT_EQ(tokens.size(), 6u);
}

TEST(Token, is_shaped_like_a_uuid_that_begins_with_a_letter) {
  for (int visit = 0; visit < 200; ++visit) {
    EXPECT_THAT(effect_token("i", kExecution, "A", visit, 0),
                testing::MatchesRegex("[a-f][0-9a-f]{7}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  }
}

TEST(Token, jitter_is_spread_over_the_whole_interval_and_repeats_itself) {
  double least = 1, most = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto token = effect_token("i", kExecution, "A", i, 0);
    const auto fraction = jitter(token, 1);
    EXPECT_EQ(fraction, jitter(token, 1));
    EXPECT_NE(fraction, jitter(token, 2));
    least = std::min(least, fraction);
    most = std::max(most, fraction);
  }
  EXPECT_GE(least, 0);
  EXPECT_LT(most, 1);
  EXPECT_LT(least, 0.01);
  EXPECT_GT(most, 0.99);
}

}  // namespace
}  // namespace slipway::workflow
