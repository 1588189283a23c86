#include "provider/local/programs/use.h"

#include <gtest/gtest.h>

namespace slipway::provider::local::programs {
namespace {

using namespace std::chrono_literals;
using process::ProcessStat;

constexpr std::string_view kTable =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    "   0: 0100007F:4E20 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1 0 100 0 0 10 0\n"
    "   1: 0100007F:4E21 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 2 1 0 100 0 0 10 0\n"
    "   2: 0100007F:C350 0100007F:4E22 01 00000000:00000000 00:00000000 00000000  1000        0 3 1 0 100 0 0 10 0\n"
    "   3: 0100007F:4E23 0100007F:C352 06 00000000:00000000 00:00000000 00000000  1000        0 4 1 0 100 0 0 10 0\n";

TEST(Use, AnEstablishedConnectionAtTheProgramsOwnEndIsOne) {
  EXPECT_TRUE(has_connection(kTable, {20001}));
  EXPECT_TRUE(has_connection(kTable, {20000, 20001}));
  EXPECT_FALSE(has_connection(kTable, {20000})) << "listening";
  EXPECT_FALSE(has_connection(kTable, {20002})) << "somebody else's";
  EXPECT_FALSE(has_connection(kTable, {20003})) << "ending";
  EXPECT_FALSE(has_connection(kTable, {}));
  EXPECT_FALSE(has_connection("", {20001}));
  EXPECT_TRUE(has_connection(
      "   0: 00000000000000000000000001000000:4E21 00000000000000000000000001000000:C350 01 0 0 0\n", {20001}));
}

TEST(Use, TheTimeOfAllDescendantsCounts) {
  const std::vector<ProcessStat> processes = {
      {.pid = 1, .parent = 0, .cpu = 1000},  {.pid = 10, .parent = 1, .cpu = 1},
      {.pid = 11, .parent = 10, .cpu = 20},  {.pid = 12, .parent = 11, .cpu = 300},
      {.pid = 20, .parent = 1, .cpu = 4000}, {.pid = 21, .parent = 20, .cpu = 5}};
  EXPECT_EQ(cpu_of({10}, processes), 321u);
  EXPECT_EQ(cpu_of({10, 20}, processes), 4326u);
  EXPECT_EQ(cpu_of({30}, processes), 0u);
}

TEST(Use, WhoOnlyWaitsHasNotComputed) {
  const Use before{.at = {}, .cpu = 100};
  const auto after = [&](unsigned long long ticks) { return Use{.at = before.at + 15s, .cpu = before.cpu + ticks}; };
  EXPECT_FALSE(has_computed(before, after(0)));
  EXPECT_FALSE(has_computed(before, after(20)));  // of 100 a second
  EXPECT_TRUE(has_computed(before, after(40)));
  EXPECT_TRUE(has_computed(before, {.at = before.at + 15s, .cpu = 5})) << "started anew";
}

TEST(Use, TheKernelIsReadAsItSpeaks) {
  const auto stat = process::parse_stat(
      7, "7 (a) b c) S 3 7 7 0 -1 4194560 100 200 0 0 11 12 130 1400 20 0 1 0 987654 1000 200 18446744073709551615");
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->parent, 3);
  EXPECT_EQ(stat->state, 'S');
  EXPECT_EQ(stat->cpu, 11u + 12 + 130 + 1400);
  EXPECT_EQ(stat->started, 987654u);
  EXPECT_FALSE(process::parse_stat(7, "7 (a"));
  EXPECT_FALSE(process::parse_stat(7, "7 (a) S 3"));
}

}  // namespace
}  // namespace slipway::provider::local::programs
