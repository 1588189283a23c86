#include "workflow/sleep.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace slipway::workflow {
namespace {

using namespace std::chrono_literals;

TEST(Sleep, durations_are_iso_8601) {
  EXPECT_EQ(*parse_duration("PT10M"), 10min);
  EXPECT_EQ(*parse_duration("P1DT2H3M4.5S"), 24h + 2h + 3min + 4500ms);
  EXPECT_EQ(*parse_duration("P1W"), 168h);
  EXPECT_EQ(*parse_duration("PT0S"), 0ms);
  for (const auto* wrong : {"", "P", "PT", "10M", "PT10", "PT-1S", "P1M", "P1Y", "PT1D", "PT1.5M", "P1H", "PT1SX",
                            "PT99999999999S", "P999999999W999999999W"}) {
    EXPECT_FALSE(parse_duration(wrong)) << wrong;
  }
}

TEST(Sleep, timestamps_are_iso_8601) {
  const auto noon = base::Time(std::chrono::sys_days(std::chrono::year(2026) / 1 / 31)) + 12h;
  EXPECT_EQ(*parse_timestamp("2026-01-31T12:00:00Z"), noon);
  EXPECT_EQ(*parse_timestamp("2026-01-31T12:00Z"), noon);
  EXPECT_EQ(*parse_timestamp("2026-01-31T14:00:00.250+02:00"), noon + 250ms);
  EXPECT_EQ(*parse_timestamp("2026-01-31T06:30:00-0530"), noon);
  for (const auto* wrong : {"", "2026-01-31", "2026-02-30T12:00:00Z", "2026-01-31T25:00:00Z", "2026-01-31T12:00:00",
                            "2026-01-31T12:00:00Zx", "26-01-31T12:00:00Z"}) {
    EXPECT_FALSE(parse_timestamp(wrong)) << wrong;
  }
}

base::Result<base::Time> until(std::string_view inputs) {
  return sleep_until(boost::json::parse(inputs).as_object(), *parse_timestamp("2026-01-31T12:00:00Z"));
}

TEST(Sleep, a_time_past_means_no_wait_and_more_than_seven_days_is_refused) {
  const auto now = *parse_timestamp("2026-01-31T12:00:00Z");
  EXPECT_EQ(*until(R"({"Duration": "PT1H"})"), now + 1h);
  EXPECT_EQ(*until(R"({"Timestamp": "2020-01-01T00:00:00Z"})"), now);
  EXPECT_EQ(*until(R"({"Duration": "PT604799S"})"), now + 604'799s);
  EXPECT_FALSE(until(R"({"Duration": "P7D"})"));
  EXPECT_FALSE(until(R"({"Timestamp": "2027-01-01T00:00:00Z"})"));
  EXPECT_FALSE(until(R"({})"));
  EXPECT_FALSE(until(R"({"Duration": "PT1S", "Timestamp": "2026-01-31T12:00:00Z"})"));
  EXPECT_FALSE(until(R"({"Duration": 5})"));
}

}  // namespace
}  // namespace slipway::workflow
