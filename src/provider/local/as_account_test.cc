#include "provider/local/as_account.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <latch>
#include <thread>

#include "process/fd.h"

namespace slipway::provider::local {
namespace {

const process::Account kOther{.name = "nobody", .uid = 65534, .gid = 65534};

struct AsAnother : testing::Test {
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can act as another account";
    std::string name = "/tmp/slipway-account-XXXXXX";
    place = ::mkdtemp(name.data());
  }
  void TearDown() override {
    if (!place.empty()) std::filesystem::remove_all(place);
  }
  static bool can_open(const std::filesystem::path& path, int flags) {
    return static_cast<bool>(process::Fd(::open(path.c_str(), flags | O_CLOEXEC, 0600)));
  }
  std::filesystem::path place;
};

TEST_F(AsAnother, a_link_is_followed_no_further_than_the_account_gets) {
  const auto secret = place / "secret";
  std::ofstream(secret) << "secret";
  ASSERT_EQ(::chmod(secret.c_str(), 0600), 0);
  ASSERT_EQ(::chmod(place.c_str(), 0755), 0);
  std::filesystem::create_symlink(secret, place / "link");
  {
    const AsAccount as(kOther);
    EXPECT_FALSE(can_open(place / "link", O_RDONLY));
    EXPECT_FALSE(can_open(place / "new", O_WRONLY | O_CREAT));
  }
  EXPECT_TRUE(can_open(place / "link", O_RDONLY));
}

TEST_F(AsAnother, what_is_made_belongs_to_the_account) {
  ASSERT_EQ(::chmod(place.c_str(), 0777), 0);
  {
    const AsAccount as(kOther);
    EXPECT_TRUE(can_open(place / "new", O_WRONLY | O_CREAT));
  }
  struct stat info = {};
  ASSERT_EQ(::stat((place / "new").c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, kOther.uid);
  EXPECT_EQ(info.st_gid, kOther.gid);
}

TEST_F(AsAnother, other_threads_stay_who_they_are) {
  std::latch acting(1), looked(1);
  std::thread other([&] {
    const AsAccount as(kOther);
    acting.count_down();
    looked.wait();
  });
  acting.wait();
  EXPECT_EQ(::geteuid(), 0u);
  looked.count_down();
  other.join();
}

// A process that is not root but has its rights over files, as the broker is in root mode.
bool broker_goes_and_returns(const std::filesystem::path& secret) {
  constexpr uid_t kBroker = 65533;
  ::prctl(PR_SET_KEEPCAPS, 1);
  if (::setresgid(kBroker, kBroker, kBroker) != 0 || ::setresuid(kBroker, kBroker, kBroker) != 0) return false;
  __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  const auto rights = 1u << CAP_SETUID | 1u << CAP_SETGID | 1u << CAP_DAC_OVERRIDE;
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
      {.effective = rights, .permitted = rights, .inheritable = 0}};
  if (::syscall(SYS_capset, &header, data) != 0) return false;
  for (int round = 0; round < 2; ++round) {
    if (!AsAnother::can_open(secret, O_RDONLY)) return false;
    const AsAccount as(kOther);
    if (AsAnother::can_open(secret, O_RDONLY)) return false;
  }
  return AsAnother::can_open(secret, O_RDONLY) && ::geteuid() == kBroker;
}

TEST_F(AsAnother, a_broker_with_rights_over_files_has_none_of_them_meanwhile) {
  const auto secret = place / "secret";
  std::ofstream(secret) << "secret";
  ASSERT_EQ(::chmod(secret.c_str(), 0600), 0);
  ASSERT_EQ(::chmod(place.c_str(), 0755), 0);
  const pid_t child = ::fork();
  if (child == 0) ::_exit(broker_goes_and_returns(secret) ? 0 : 1);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(AsNobodyElse, changes_nothing) {
  const auto before = ::geteuid();
  const AsAccount as(std::nullopt);
  EXPECT_EQ(::geteuid(), before);
}

}  // namespace
}  // namespace slipway::provider::local
