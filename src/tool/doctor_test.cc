#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "net/self_signed.h"
#include "tool/finding.h"
#include "tool/test_support.h"

namespace slipway::tool {
namespace {

using testing::HasSubstr;

TEST(Doctor, WarnsWhereTheHostsNameIsNoLoopbackAddress) {
  EXPECT_EQ(judge_host_name("vm", {"127.0.0.1"}).level, Level::ok);
  EXPECT_THAT(judge_host_name("vm", {"127.0.1.1"}).what,
              HasSubstr("all ports of clusters but the controllers' are open"));
  auto open = judge_host_name("vm", {"127.0.0.1", "10.0.0.7"});
  EXPECT_EQ(open.level, Level::warning);
  EXPECT_THAT(open.what, HasSubstr("guarded by munge alone"));
  auto unknown = judge_host_name("vm", {});
  EXPECT_EQ(unknown.level, Level::problem);
  EXPECT_EQ(unknown.remedy, "add a line to /etc/hosts: 127.0.0.1 vm");
}

TEST(Doctor, JudgesTheRoomOnADiskByBytesAndByFiles) {
  constexpr std::uint64_t kGiB = 1 << 30;
  EXPECT_EQ(judge_disk("/x", 10 * kGiB, 100'000).level, Level::ok);
  EXPECT_EQ(judge_disk("/x", kGiB / 2, 100'000).level, Level::warning);
  EXPECT_EQ(judge_disk("/x", kGiB / 100, 100'000).level, Level::problem);
  EXPECT_EQ(judge_disk("/x", 10 * kGiB, 10).level, Level::problem);
}

TEST(Doctor, MeasuresFoldersThatSocketsLieIn) {
  provider::local::LocalSettings settings;
  settings.environments_dir = "/" + std::string(66, 'e');
  EXPECT_EQ(judge_folder_names(settings).level, Level::ok);
  settings.short_dir = "/" + std::string(30, 's');
  EXPECT_THAT(judge_folder_names(settings).what, HasSubstr("7 characters too long"));
  EXPECT_THAT(judge_folder_names(settings).remedy, HasSubstr("local.short_dir"));
  settings.environments_dir = "/with blank";
  EXPECT_THAT(judge_folder_names(settings).what, HasSubstr("Slurm takes no such path"));
  settings.environments_dir = "/" + std::string(70, 'e');
  EXPECT_THAT(judge_folder_names(settings).remedy, HasSubstr("local.environments_dir"));
}

TEST(Doctor, FindsASlurmOfTwoVersions) {
  EXPECT_EQ(compare_versions({{"slurmctld", "slurm 22"}, {"srun", "slurm 22"}}).level, Level::ok);
  auto mixed = compare_versions({{"slurmctld", "slurm 22"}, {"srun", "slurm 23"}});
  EXPECT_EQ(mixed.level, Level::problem);
  EXPECT_THAT(mixed.what, HasSubstr("srun is of slurm 23"));
}

TEST(Doctor, MeasuresTheSkewToTheBrokersClock) {
  base::Time now = std::chrono::sys_days(std::chrono::year(2026) / 3 / 1) + std::chrono::hours(12);
  EXPECT_EQ(judge_clock_skew("Sun, 01 Mar 2026 12:00:02 GMT", now).level, Level::ok);
  EXPECT_EQ(judge_clock_skew("Sun, 01 Mar 2026 12:01:00 GMT", now).level, Level::warning);
  EXPECT_EQ(judge_clock_skew("Sun, 01 Mar 2026 11:50:00 GMT", now).level, Level::problem);
  EXPECT_EQ(judge_clock_skew("", now).level, Level::note);
}

TEST(Doctor, ReadsWhenACertificateEnds) {
  TemporaryFolder folder;
  auto made = net::ensure_self_signed(folder.path(), {"localhost"}, base::system_clock());
  ASSERT_TRUE(made);
  auto now = base::system_clock().now();
  using std::chrono::days;
  EXPECT_EQ(check_certificate(made->server.certificate, now).level, Level::ok);
  EXPECT_EQ(check_certificate(made->server.certificate, now + days(380)).level, Level::warning);
  EXPECT_EQ(check_certificate(made->server.certificate, now + days(400)).level, Level::problem);
  EXPECT_EQ(check_certificate(made->server.key, now).level, Level::problem);
}

TEST(Doctor, FindsAFileThatOthersMayRead) {
  TemporaryFolder folder;
  folder.write("sealing.key", "k");
  ::chmod((folder.path() / "sealing.key").c_str(), 0600);
  EXPECT_EQ(check_data_folder(folder.path()).front().level, Level::ok);
  ::chmod((folder.path() / "sealing.key").c_str(), 0640);
  auto findings = check_data_folder(folder.path());
  EXPECT_THAT(findings.back().what, HasSubstr("sealing.key has mode 0640"));
  EXPECT_EQ(findings.back().level, Level::problem);
  EXPECT_EQ(check_data_folder("/nonexistent/slipway").front().level, Level::note);
}

}  // namespace
}  // namespace slipway::tool
