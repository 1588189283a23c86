#include "provider/local/programs/tender.h"

#include "provider/local/test_support.h"

namespace slipway::provider::local::programs {
namespace {

using namespace std::chrono_literals;

TEST(RestartPolicy, WaitsLongerWithEachDeathAndThenGivesUp) {
  RestartPolicy policy;
  std::vector<std::chrono::milliseconds> pauses;
  while (const auto pause = policy.died(1s)) pauses.push_back(*pause);
  EXPECT_THAT(pauses, testing::ElementsAre(0s, 1s, 2s, 4s, 8s));
}

TEST(RestartPolicy, ForgetsDeathsOnceTheProgramWasWell) {
  RestartPolicy policy;
  for (int i = 0; i < RestartPolicy::kMostDeaths; ++i) policy.died(1s);
  EXPECT_EQ(policy.died(RestartPolicy::kWell), 0ms);
  EXPECT_EQ(policy.died(1s), 1s);
}

struct Tending : MachineTest {};

TEST_F(Tending, WhatCannotLiveStaysDownAndSaysSo) {
  const Machine machine{.runtime = runtime,
                        .supervisors = *supervisors,
                        .ports = *ports,
                        .resources = *resources,
                        .settings = settings,
                        .account = account,
                        .installation = "this",
                        .notices = &heard};
  act("local:makeFolder").value();
  act("local:startProcess", {{"Program", "/bin/sh"}, {"Arguments", boost::json::array{"-c", "exit 3"}}}).value();
  Tender tender(machine, environment.id, RestartPolicy(0ms));
  ASSERT_TRUE(until([&] { return heard.all.size() == RestartPolicy::kMostDeaths + 1; }));
  EXPECT_THAT(heard.all.front(), testing::HasSubstr("ended with exit code 3; it is started again."));
  EXPECT_THAT(heard.all.back(), testing::HasSubstr("it died 6 times in a row and stays down"));
  EXPECT_THAT(tender.outlook("main"), testing::HasSubstr("stays down"));
  net::run_to_end(runtime, std::function<boost::asio::awaitable<void>()>([&] { return tender.stop(); }));
}

}  // namespace
}  // namespace slipway::provider::local::programs
