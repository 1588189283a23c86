#include "provider/local/environments_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <barrier>
#include <string>
#include <thread>
#include <vector>

#include "provider/local/regular_file.h"

namespace slipway::provider::local {
namespace {

namespace fs = std::filesystem;

constexpr int kRounds = 50;

struct EnvironmentsFolder : testing::Test {
  EnvironmentsFolder() {
    std::string name = "/tmp/slipway-folder-XXXXXX";
    place = ::mkdtemp(name.data());
    settings.environments_dir = place / "env";
  }
  ~EnvironmentsFolder() override {
    std::error_code ignored;
    fs::remove_all(place, ignored);
  }

  // What each installation gets that claims it at the same moment.
  std::vector<base::Result<void>> claim_at_once(const std::vector<std::string>& installations) {
    std::barrier together(std::ssize(installations));
    std::vector<base::Result<void>> claims(installations.size());
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < claims.size(); ++i) {
      threads.emplace_back([&, i] {
        together.arrive_and_wait();
        claims[i] = claim_environments_folder(settings, installations[i], account);
      });
    }
    for (auto& thread : threads) thread.join();
    return claims;
  }

  fs::path place;
  LocalSettings settings;
  Account account;
};

TEST_F(EnvironmentsFolder, belongs_to_whom_first_makes_an_environment_there) {
  EXPECT_TRUE(check_owner(settings, "this", account)) << "nobody's";
  ASSERT_TRUE(claim_environments_folder(settings, "this", account));
  EXPECT_TRUE(claim_environments_folder(settings, "this", account));
  EXPECT_TRUE(check_owner(settings, "this", account));
  EXPECT_EQ(claim_environments_folder(settings, "other", account).error().code, "DirectoryTaken");
  EXPECT_EQ(check_owner(settings, "other", account).error().kind, base::ErrorKind::conflict);
}

TEST_F(EnvironmentsFolder, is_claimed_by_first_launches_at_once) {
  for (int round = 0; round < kRounds; ++round) {
    for (const auto& claim : claim_at_once({"this", "this", "this", "this"})) {
      ASSERT_TRUE(claim) << claim.error().message;
    }
    EXPECT_THAT(names_in(settings.environments_dir), testing::ElementsAre(".installation"));
    fs::remove_all(settings.environments_dir);
  }
}

TEST_F(EnvironmentsFolder, belongs_to_one_of_several_brokers_that_claim_it_at_once) {
  for (int round = 0; round < kRounds; ++round) {
    const auto claims = claim_at_once({"one", "two", "three", "four"});
    EXPECT_EQ(std::ranges::count_if(claims, [](const auto& claim) { return claim.has_value(); }), 1);
    fs::remove_all(settings.environments_dir);
  }
}

}  // namespace
}  // namespace slipway::provider::local
