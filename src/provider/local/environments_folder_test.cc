#include "provider/local/environments_folder.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <barrier>
#include <thread>
#include <vector>

#include "provider/local/regular_file.h"

namespace slipway::provider::local {
namespace {

namespace fs = std::filesystem;

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
  constexpr int kLaunches = 4;
  for (int round = 0; round < 50; ++round) {
    std::barrier together(kLaunches);
    std::vector<base::Result<void>> claims(kLaunches);
    {
      std::vector<std::jthread> launches;
      for (auto& claim : claims) {
        launches.emplace_back([&] {
          together.arrive_and_wait();
          claim = claim_environments_folder(settings, "this", account);
        });
      }
    }
    for (const auto& claim : claims) ASSERT_TRUE(claim) << claim.error().message;
    EXPECT_THAT(names_in(settings.environments_dir), testing::ElementsAre(".installation"));
    fs::remove_all(settings.environments_dir);
  }
}

TEST_F(EnvironmentsFolder, belongs_to_one_of_several_brokers_that_claim_it_at_once) {
  constexpr int kBrokers = 4;
  for (int round = 0; round < 50; ++round) {
    std::barrier together(kBrokers);
    std::vector<base::Result<void>> claims(kBrokers);
    {
      std::vector<std::jthread> brokers;
      for (int i = 0; i < kBrokers; ++i) {
        brokers.emplace_back([&, i] {
          together.arrive_and_wait();
          claims[i] = claim_environments_folder(settings, fmt::format("broker {}", i), account);
        });
      }
    }
    EXPECT_EQ(std::ranges::count_if(claims, [](const auto& claim) { return claim.has_value(); }), 1);
    fs::remove_all(settings.environments_dir);
  }
}

}  // namespace
}  // namespace slipway::provider::local
