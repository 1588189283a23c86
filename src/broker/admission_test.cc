#include "broker/admission.h"

#include <gtest/gtest.h>

#include "broker/ending.h"

namespace slipway::broker {
namespace {

using namespace std::chrono_literals;

const base::Time kNow{std::chrono::hours(480'000)};

TEST(Admission, WhatBeginsNeedsTimeThatIsLeftAndWhatEndsDoesNot) {
  Environment environment;
  environment.name = "first";
  for (const auto kind : {kLaunch, kStart}) {
    environment.expires_at.reset();
    EXPECT_TRUE(admit(kind, environment, kNow)) << "it lives until somebody ends it";
    environment.expires_at = kNow + 1ms;
    EXPECT_TRUE(admit(kind, environment, kNow));
    environment.expires_at = kNow;
    EXPECT_EQ(admit(kind, environment, kNow).error().kind, base::ErrorKind::conflict);
  }
  for (const auto kind : {kStop, kTerminate}) EXPECT_TRUE(admit(kind, environment, kNow));
}

TEST(Admission, TheTypesRuleBoundsTheTimeThatIsAskedFor) {
  EnvironmentType type;
  EXPECT_EQ(end_of(type, kNow, {}, kNow).value(), std::nullopt);
  EXPECT_EQ(end_of(type, kNow, 5h, kNow).value(), kNow + 5h);
  type.time_to_live = {.otherwise = 8h, .most = 24h};
  EXPECT_EQ(end_of(type, kNow, {}, kNow).value(), kNow + 8h);
  EXPECT_EQ(end_of(type, kNow, 24h, kNow).value(), kNow + 24h);
  for (const auto wrong : {0h, -1h, 25h}) EXPECT_EQ(end_of(type, kNow, wrong, kNow).error().field, "timeToLive");
  EXPECT_FALSE(end_of(type, kNow - 20h, 5h, kNow)) << "from its launch on";
  EXPECT_TRUE(end_of(type, kNow - 20h, 4h, kNow));
  type.time_to_live.otherwise.reset();
  EXPECT_EQ(end_of(type, kNow, {}, kNow).value(), kNow + 24h);
}

TEST(TimeToLiveAsked, IsAHundredYearsAtMostSoThatNoClockOverflows) {
  using std::chrono::milliseconds;
  const EnvironmentType type;
  const base::Time now{std::chrono::seconds(1'700'000'000)};
  constexpr milliseconds kHundredYears = std::chrono::hours(24 * 36'525);
  EXPECT_EQ(end_of(type, now, kHundredYears, now).value(), now + kHundredYears);
  EXPECT_EQ(end_of(type, now, kHundredYears + milliseconds(1), now).error().kind, base::ErrorKind::invalid);
  EXPECT_EQ(end_of(type, now, milliseconds::max(), now).error().kind, base::ErrorKind::invalid);
}

}  // namespace
}  // namespace slipway::broker
