#include "surface/connect/passes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::surface::connect {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const base::EnvironmentId kId("env-1");

class ManualClock final : public base::Clock {
 public:
  base::Time now() const override { return time; }
  base::Time time{std::chrono::hours(480'000)};
};

class ConnectionPass : public testing::Test {
 protected:
  // What a browser would send for `id`.
  static http::Request bearing(const std::string& cookie) {
    http::Request made;
    made.headers = {{"Cookie", "x=y; " + cookie.substr(0, cookie.find(';'))}};
    return made;
  }
  ManualClock clock;
  Passes passes{clock, base::Secret("key")};
  const std::string who = "arn:aws:iam::000000000000:user/a.b+c@d";
};

TEST_F(ConnectionPass, LetsItsCallerInToItsEnvironmentUntilItsEnd) {
  const auto cookie = passes.cookie(kId, who);
  EXPECT_THAT(cookie, AllOf(HasSubstr("; Path=/slipway/connect/env-1;"), HasSubstr("; Max-Age=28800;"),
                            HasSubstr("; HttpOnly"), HasSubstr("; Secure"), HasSubstr("; SameSite=Lax")));
  EXPECT_EQ(passes.find(kId, bearing(cookie))->who, who);
  EXPECT_FALSE(passes.find(base::EnvironmentId("env-2"), bearing(cookie)));
  EXPECT_FALSE(Passes(clock, base::Secret("another")).find(kId, bearing(cookie)));
  clock.time += Passes::kLasts;
  EXPECT_FALSE(passes.find(kId, bearing(cookie)));
}

TEST_F(ConnectionPass, IsNoneWhereAnyPartOfItWasChanged) {
  const auto cookie = passes.cookie(kId, who);
  const auto value = cookie.substr(0, cookie.find(';'));
  for (std::size_t i = Passes::kCookie.size() + 1; i < value.size(); ++i) {
    auto changed = value;
    changed[i] = changed[i] == '1' ? '2' : '1';
    EXPECT_FALSE(passes.find(kId, bearing(changed))) << changed;
  }
  EXPECT_FALSE(passes.find(kId, {}));
}

}  // namespace
}  // namespace slipway::surface::connect
