#include "provider/local/slurm/folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

namespace slipway::provider::local::slurm {
namespace {

using testing::ElementsAre;

// Run by root these would not meet a folder that cannot be written; the account's own folders are tested in
// life_test.cc.
struct Folder : testing::Test {
  Folder() {
    std::string name = "/tmp/slipway-folder-XXXXXX";
    place = ::mkdtemp(name.data());
    settings.environments_dir = place / "env";
    settings.short_dir = place;
    fs::create_directory(settings.environments_dir);
    cluster.name = "first";
    cluster.queues = {"q"};
    cluster.nodes = {Node{.name = "q-st-a-1", .queue = "q", .is_static = true, .cpus = 1, .memory_mib = 100}};
  }
  ~Folder() override {
    std::error_code ignored;
    fs::permissions(settings.environments_dir, fs::perms(0700), ignored);
    fs::remove_all(place, ignored);
  }

  Paths paths() const { return Paths::of(settings, base::EnvironmentId("env-0190-0123456789ab")); }
  static std::string read(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  fs::path place;
  LocalSettings settings;
  Cluster cluster;
  Account account;
};

TEST_F(Folder, is_private_and_keeps_its_key_when_it_is_made_again) {
  ASSERT_TRUE(lay_out(paths(), cluster, account));
  const auto key = read(paths().munge_key());
  EXPECT_EQ(key.size(), 128u);
  EXPECT_EQ(fs::status(paths().munge_key()).permissions(), fs::perms(0400));
  for (const auto& folder : {paths().directory, paths().sockets, paths().markers()}) {
    EXPECT_EQ(fs::status(folder).permissions(), fs::perms(0700)) << folder;
  }
  ASSERT_TRUE(lay_out(paths(), cluster, account));
  EXPECT_EQ(read(paths().munge_key()), key);
}

TEST_F(Folder, is_completed_where_it_was_left_half_made) {
  ASSERT_TRUE(lay_out(paths(), cluster, account));
  const auto conf = read(paths().slurm_conf());
  fs::remove_all(paths().sockets);
  fs::remove_all(paths().markers());
  fs::resize_file(paths().slurm_conf(), 3);
  fs::permissions(paths().munge_key(), fs::perms(0600));
  fs::resize_file(paths().munge_key(), 0);
  ASSERT_TRUE(lay_out(paths(), cluster, account));
  EXPECT_EQ(read(paths().slurm_conf()), conf);
  EXPECT_EQ(fs::file_size(paths().munge_key()), 128u);
  EXPECT_TRUE(fs::exists(paths().markers()));
  EXPECT_TRUE(fs::exists(paths().sockets / "0"));
}

TEST_F(Folder, has_a_record_that_is_read_again_and_none_before_it_was_written) {
  EXPECT_EQ(*read_record(paths(), account), std::nullopt);
  ASSERT_TRUE(lay_out(paths(), cluster, account));
  ASSERT_TRUE(write_record(paths(), cluster, account));
  const auto record = read_record(paths(), account).value();
  ASSERT_TRUE(record);
  EXPECT_EQ(to_json(*record), to_json(cluster));
}

TEST_F(Folder, refuses_a_record_that_cannot_be_read) {
  ASSERT_TRUE(lay_out(paths(), cluster, account));
  fs::create_directory(paths().record());
  EXPECT_FALSE(read_record(paths(), account));
}

TEST_F(Folder, waits_for_no_pipe_and_reads_no_endless_file_that_a_job_put_into_a_files_place) {
  ASSERT_TRUE(lay_out(paths(), cluster, account));
  ASSERT_EQ(::mkfifo(paths().record().c_str(), 0600), 0);
  EXPECT_FALSE(read_record(paths(), account));
  fs::remove(paths().record());
  fs::create_symlink("/dev/zero", paths().record());
  EXPECT_FALSE(read_record(paths(), account));
  fs::remove(paths().record());
  std::ofstream(paths().record()) << "{";
  fs::resize_file(paths().record(), std::uintmax_t{1} << 40);  // sparse
  EXPECT_FALSE(read_record(paths(), account));
  fs::remove(paths().slurm_conf());
  ASSERT_EQ(::mkfifo(paths().slurm_conf().c_str(), 0600), 0);
  EXPECT_TRUE(lay_out(paths(), cluster, account));
  EXPECT_TRUE(fs::is_regular_file(paths().slurm_conf()));
}

TEST_F(Folder, shows_the_nodes_that_are_to_run) {
  ASSERT_TRUE(lay_out(paths(), cluster, account));
  EXPECT_TRUE(markers(paths(), account).empty());
  ASSERT_TRUE(add_markers(paths(), {"b", "a"}, account));
  ASSERT_TRUE(add_markers(paths(), {"a"}, account));
  EXPECT_THAT(markers(paths(), account), ElementsAre("a", "b"));
}

TEST_F(Folder, is_removed_with_its_short_one_and_twice_is_fine) {
  ASSERT_TRUE(lay_out(paths(), cluster, account));
  ASSERT_TRUE(remove(paths(), account));
  EXPECT_FALSE(fs::exists(paths().directory));
  EXPECT_FALSE(fs::exists(paths().sockets));
  EXPECT_TRUE(remove(paths(), account));
}

TEST_F(Folder, is_not_made_where_somebody_put_something_else) {
  fs::create_symlink(place, paths().sockets);
  const auto made = lay_out(paths(), cluster, account);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, "DirectoryNotWritable");
}

TEST_F(Folder, cannot_be_made_where_nothing_can_be_written) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  fs::permissions(settings.environments_dir, fs::perms(0500));
  const auto made = lay_out(paths(), cluster, account);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, "DirectoryNotWritable");
  EXPECT_THAT(made.error().message, testing::HasSubstr("local.environments_dir"));
}

TEST_F(Folder, is_found_as_long_as_a_part_of_it_is_there_and_those_of_other_brokers_are_not) {
  EXPECT_TRUE(all_keys(settings, account).empty());
  ASSERT_TRUE(lay_out(paths(), cluster, account));
  fs::remove_all(paths().directory);
  EXPECT_THAT(all_keys(settings, account), ElementsAre("0123456789ab"));
  auto other = settings;
  other.environments_dir = place / "other";
  ASSERT_TRUE(claim_environments_folder(other, "this", account));
  ASSERT_TRUE(lay_out(Paths::of_key(other, "ffffffffffff"), cluster, account));
  fs::create_directory(settings.environments_dir / "lost+found");
  EXPECT_THAT(all_keys(settings, account), ElementsAre("0123456789ab"));
  EXPECT_THAT(all_keys(other, account), ElementsAre("ffffffffffff"));
}

TEST_F(Folder, must_be_short_and_plain) {
  const auto code = [&](const Paths& given) {
    const auto checked = check_paths(given, cluster);
    return checked ? "fine" : checked.error().code;
  };
  EXPECT_EQ(code({.directory = "/a/0123456789ab", .sockets = "/tmp/sw-0123456789ab"}), "fine");
  EXPECT_EQ(code({.directory = "/a b/0123456789ab", .sockets = "/tmp/sw-0123456789ab"}), "DirectoryUnusable");
  EXPECT_EQ(code({.directory = "a/0123456789ab", .sockets = "/tmp/sw-0123456789ab"}), "DirectoryUnusable");
  EXPECT_EQ(code({.directory = "/" + std::string(80, 'a'), .sockets = "/tmp/sw-0123456789ab"}), "DirectoryUnusable");
  EXPECT_EQ(code({.directory = "/" + std::string(79, 'a'), .sockets = "/tmp/sw-0123456789ab"}), "fine");
  EXPECT_EQ(code({.directory = "/a", .sockets = "/" + std::string(80, 'a')}), "DirectoryUnusable");
  cluster.nodes[0].name = std::string(57, 'n');
  EXPECT_EQ(code({.directory = "/a", .sockets = "/tmp/sw-0123456789ab"}), "fine");
}

}  // namespace
}  // namespace slipway::provider::local::slurm
