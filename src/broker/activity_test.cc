#include "broker/activity.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "broker/environment_type.h"

namespace slipway::broker {
namespace {

constexpr std::string_view kTwoKernels = R"([
  {"id": "a", "last_activity": "2026-11-27T00:10:00.250000Z", "execution_state": "idle"},
  {"id": "b", "last_activity": "2026-11-27T01:20:00+01:00", "execution_state": "busy"}])";

Activity told(std::string_view last, std::string_view busy, boost::json::value equals, std::string_view answer) {
  HttpQuestion question;
  if (!last.empty()) question.last = workflow::parse_selector(last).value();
  if (!busy.empty()) question.busy = workflow::parse_selector(busy).value();
  question.equals = std::move(equals);
  return told_by(question, boost::json::parse(answer));
}

TEST(Activities, TheLatestOfSeveralTimesCountsAndOneBusyPartIsEnough) {
  const auto both = told("$..last_activity", "$..execution_state", "busy", kTwoKernels);
  EXPECT_TRUE(both.known);
  EXPECT_TRUE(both.busy);
  EXPECT_EQ(base::iso8601(both.last.value()), "2026-11-27T00:20:00.000Z");
  EXPECT_FALSE(told("", "$..execution_state", "starting", kTwoKernels).busy);
}

TEST(Activities, NothingThatRunsIsKnownToBeIdle) {
  const auto none = told("$..last_activity", "$..execution_state", "busy", "[]");
  EXPECT_TRUE(none.known);
  EXPECT_FALSE(none.busy);
  EXPECT_FALSE(none.last);
}

TEST(Activities, WhatIsNotThereOrOfAnotherFormIsUnknown) {
  EXPECT_FALSE(told("last", "", {}, R"({"first": "2026-11-27T00:10:00Z"})").known);
  EXPECT_FALSE(told("last", "", {}, R"({"last": "yesterday"})").known);
  EXPECT_FALSE(told("last", "", {}, R"({"last": 1764201600})").known);
  EXPECT_FALSE(told("$..last", "", {}, R"([{"last": "2026-11-27T00:10:00Z"}, {"last": "soon"}])").known);
  EXPECT_FALSE(told("", "state", "busy", "[]").known);
  EXPECT_FALSE(told("", "state", "busy", R"({"status": "busy"})").known);
}

TEST(Activities, ValuesAreComparedAsTheyAre) {
  EXPECT_TRUE(told("", "open", true, R"({"open": true})").busy);
  EXPECT_FALSE(told("", "open", true, R"({"open": "true"})").busy);
  EXPECT_TRUE(told("", "tasks", 3, R"({"tasks": 3})").busy);
}

TEST(Activities, TogetherTheyTellTheMostUse) {
  const base::Time early{std::chrono::hours(1)}, late{std::chrono::hours(2)};
  const auto both = together({.known = true, .busy = true, .last = early}, {.known = true, .last = late});
  EXPECT_TRUE(both.known && both.busy);
  EXPECT_EQ(both.last, late);
  EXPECT_EQ(together({.known = true}, {.known = true, .last = late}).last, late);
}

TEST(Activities, AUseIsKnownWhateverElseIsUnknownAndIdlenessIsNot) {
  const auto busy = together({}, {.known = true, .busy = true});
  EXPECT_TRUE(busy.known && busy.busy);
  EXPECT_FALSE(together({.known = true}, {}).known);
}

}  // namespace
}  // namespace slipway::broker
