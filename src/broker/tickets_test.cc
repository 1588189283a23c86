#include "broker/tickets.h"

#include <gtest/gtest.h>

#include <set>

namespace slipway::broker {
namespace {

const base::EnvironmentId kOne("env-1");
const base::EnvironmentId kTwo("env-2");

class ManualClock final : public base::Clock {
 public:
  base::Time now() const override { return time; }
  base::Time time{std::chrono::hours(480'000)};
};

class Ticket : public testing::Test {
 protected:
  ManualClock clock;
  Tickets tickets{clock};
};

TEST_F(Ticket, LetsInOnceToItsEnvironment) {
  const auto ticket = tickets.issue(kOne, "alice").value();
  EXPECT_FALSE(tickets.redeem(kTwo, ticket));
  EXPECT_EQ(tickets.redeem(kOne, ticket), "alice");
  EXPECT_FALSE(tickets.redeem(kOne, ticket));
  EXPECT_FALSE(tickets.redeem(kOne, ""));
}

TEST_F(Ticket, LastsAMinute) {
  const auto ticket = tickets.issue(kOne, "alice").value();
  clock.time += Tickets::kLasts;
  EXPECT_FALSE(tickets.redeem(kOne, ticket));
}

TEST_F(Ticket, ThereAreNoMoreThanItsBoundAndThoseThatAreLateMakeRoom) {
  std::set<std::string> all;
  for (std::size_t i = 0; i < Tickets::kMost; ++i) all.insert(tickets.issue(kOne, "alice").value());
  EXPECT_EQ(all.size(), Tickets::kMost);
  EXPECT_EQ(tickets.issue(kOne, "alice").error().kind, base::ErrorKind::throttled);
  EXPECT_TRUE(tickets.issue(kOne, "bob")) << "one caller's haste is no other's wait";
  clock.time += Tickets::kLasts;
  EXPECT_TRUE(tickets.issue(kOne, "alice"));
}

}  // namespace
}  // namespace slipway::broker
