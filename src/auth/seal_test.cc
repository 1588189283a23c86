#include "auth/seal.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <barrier>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

namespace slipway::auth {
namespace {

namespace fs = std::filesystem;

struct AuthSeal : testing::Test {
  AuthSeal() {
    char name[] = "/tmp/slipway-seal-XXXXXX";
    folder = ::mkdtemp(name);
  }
  ~AuthSeal() override { fs::remove_all(folder); }

  void write(const std::string& bytes, ::mode_t mode) {
    std::ofstream(folder / "key", std::ios::binary) << bytes;
    ::chmod((folder / "key").c_str(), mode);
  }
  base::ErrorKind refusal() { return Seal::load_or_create(folder / "key").error().kind; }

  fs::path folder;
  const base::Secret secret{"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
};

TEST_F(AuthSeal, opens_what_it_sealed_under_the_same_owner_and_key_alone) {
  const auto seal = Seal::load_or_create(folder / "key").value();
  const auto sealed = seal.seal(secret, "AKIAONE");
  EXPECT_EQ(seal.open(sealed, "AKIAONE")->reveal(), secret.reveal());
  EXPECT_FALSE(seal.open(sealed, "AKIATWO"));
  EXPECT_FALSE(Seal::load_or_create(folder / "other")->open(sealed, "AKIAONE"));
  EXPECT_EQ(Seal::load(folder / "key")->open(sealed, "AKIAONE")->reveal(), secret.reveal());
}

TEST_F(AuthSeal, never_seals_the_same_way_twice) {
  const auto seal = Seal::load_or_create(folder / "key").value();
  EXPECT_NE(seal.seal(secret, "AKIAONE"), seal.seal(secret, "AKIAONE"));
}

TEST_F(AuthSeal, a_derived_key_is_the_same_after_a_restart_and_another_for_another_purpose) {
  const auto key = Seal::load_or_create(folder / "key")->derive("links");
  EXPECT_EQ(Seal::load(folder / "key")->derive("links").reveal(), key.reveal());
  EXPECT_NE(Seal::load(folder / "key")->derive("cookies").reveal(), key.reveal());
  EXPECT_NE(Seal::load_or_create(folder / "other")->derive("links").reveal(), key.reveal());
}

TEST_F(AuthSeal, a_changed_text_does_not_open) {
  const auto seal = Seal::load_or_create(folder / "key").value();
  const auto sealed = seal.seal(secret, "AKIAONE");
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    auto changed = sealed;
    changed[i] = changed[i] == '0' ? '1' : '0';
    EXPECT_FALSE(seal.open(changed, "AKIAONE")) << i;
  }
  for (const auto& bad :
       {sealed.substr(2), sealed.substr(0, 54), sealed + "00", sealed + "0", std::string("zz"), std::string()}) {
    EXPECT_FALSE(seal.open(bad, "AKIAONE")) << bad;
  }
}

TEST_F(AuthSeal, the_key_file_is_made_once_for_this_account_alone) {
  ASSERT_TRUE(Seal::load_or_create(folder / "key"));
  struct stat status;
  ASSERT_EQ(::stat((folder / "key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  EXPECT_EQ(status.st_size, 32);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 1);
}

TEST_F(AuthSeal, first_starts_at_once_end_with_one_key) {
  constexpr int kStarts = 4;
  for (int round = 0; round < 50; ++round) {
    std::barrier together(kStarts);
    std::vector<base::Result<Seal>> seals(kStarts, base::internal("not begun"));
    {
      std::vector<std::jthread> starts;
      for (auto& seal : seals) {
        starts.emplace_back([&] {
          together.arrive_and_wait();
          seal = Seal::load_or_create(folder / "key");
        });
      }
    }
    const auto key = Seal::load(folder / "key").value().derive("test").reveal();
    for (const auto& seal : seals) {
      ASSERT_TRUE(seal) << seal.error().message;
      ASSERT_EQ(seal->derive("test").reveal(), key);
    }
    EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 1);
    fs::remove(folder / "key");
  }
}

TEST_F(AuthSeal, a_key_file_that_others_may_touch_is_refused) {
  for (const auto mode : {0640, 0604, 0620, 0601}) {
    write(std::string(32, 'k'), mode);
    EXPECT_EQ(refusal(), base::ErrorKind::forbidden) << std::oct << mode;
  }
  write(std::string(32, 'k'), 0400);
  EXPECT_TRUE(Seal::load_or_create(folder / "key"));
}

TEST_F(AuthSeal, a_key_file_of_another_size_is_refused_and_left_alone) {
  for (const auto size : {0, 31, 33, 5000}) {
    write(std::string(size, 'k'), 0600);
    EXPECT_EQ(refusal(), base::ErrorKind::invalid) << size;
    EXPECT_EQ(fs::file_size(folder / "key"), static_cast<std::uintmax_t>(size));
  }
}

TEST_F(AuthSeal, what_is_no_file_or_has_no_folder_is_refused) {
  EXPECT_EQ(Seal::load(folder / "key").error().kind, base::ErrorKind::not_found);
  EXPECT_FALSE(fs::exists(folder / "key"));
  fs::create_directory(folder / "key");
  EXPECT_EQ(refusal(), base::ErrorKind::invalid);
  EXPECT_EQ(Seal::load_or_create(folder / "none" / "key").error().kind, base::ErrorKind::not_found);
}

}  // namespace
}  // namespace slipway::auth
