// Environments under an account of their own. Only root can try this.

#include "process/account.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>

#include <cstdlib>

#include "process/test_support.h"

namespace slipway::process {
namespace {

using testing::HasSubstr;
using testing::Not;

namespace fs = std::filesystem;

Account ordinary_account() {
  const passwd* entry = ::getpwnam("slipway-test");
  if (!entry) entry = ::getpwnam("nobody");
  return {.name = entry->pw_name, .uid = entry->pw_uid, .gid = entry->pw_gid, .home = entry->pw_dir};
}

TEST(EnterAccount, root_is_no_account_for_environments) {
  EXPECT_EQ(enter_account({.name = "root"}).error().kind, base::ErrorKind::invalid);
}

TEST(EnterAccount, without_the_right_to_it_is_forbidden) {
  if (::geteuid() == 0) GTEST_SKIP() << "root has the right";
  EXPECT_EQ(enter_account({.name = "x", .uid = ::getuid() + 1, .gid = ::getgid()}).error().kind,
            base::ErrorKind::forbidden);
}

struct ProcessAccount : ProcessTest {
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    ASSERT_EQ(::chown(place.c_str(), account.uid, account.gid), 0);  // as an environment's folder is
  }

  static void expect_owner(const fs::path& path, uid_t uid, mode_t mode) {
    struct stat info = {};
    ASSERT_EQ(::stat(path.c_str(), &info), 0) << path;
    EXPECT_EQ(info.st_uid, uid) << path;
    EXPECT_EQ(info.st_mode & 07777, mode) << path;
  }

  const Account account = ordinary_account();
  Supervisors theirs{runtime, "/proc/self/exe", account};
};

TEST_F(ProcessAccount, the_program_and_its_files_are_the_accounts_and_there_is_no_way_back) {
  const gid_t of_root[] = {0, 4};
  ASSERT_EQ(::setgroups(2, of_root), 0);
  write_text(place / "secret", "secret");
  ::chmod((place / "secret").c_str(), 0600);
  const auto spec = shell("exec 2>&1; id -u; id -g; id -G; grep Cap /proc/self/status; cat $PLACE/secret; exit 9");
  const auto started = net::run_to_end(runtime, [&] { return theirs.start(folder / "deeper", spec); });
  ASSERT_TRUE(started) << started.error().message;
  const auto ended = net::run_to_end(runtime, [&] { return theirs.wait(folder / "deeper"); });
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->exit_code, 9);
  const auto log = read_text(folder / "deeper" / "log");
  EXPECT_THAT(log, HasSubstr(std::to_string(account.uid) + "\n" + std::to_string(account.gid) + "\n" +
                             std::to_string(account.gid) + "\n"));
  EXPECT_THAT(log, HasSubstr("CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"));
  EXPECT_THAT(log, HasSubstr("Permission denied"));
  EXPECT_THAT(log, Not(HasSubstr("secret\n")));
  expect_owner(folder, account.uid, 0700);
  expect_owner(folder / "deeper", account.uid, 0700);
  for (const char* file : {"lock", "spec.json", "running.json", "exit.json", "log"}) {
    expect_owner(folder / "deeper" / file, account.uid, 0600);
  }
}

TEST_F(ProcessAccount, a_sandbox_is_the_accounts) {
  const Spec spec{.command = {"/bin/sh", "-c", "id -u; pwd; echo result >&3"}, .environment = {{"PATH", "/usr/bin"}}};
  const auto ran = net::run_to_end(runtime, [&] { return theirs.run_confined(spec, {}, 60s); });
  if (!ran && ran.error().code == "NoNamespaces") GTEST_SKIP() << ran.error().message;
  ASSERT_TRUE(ran) << ran.error().message;
  EXPECT_EQ(ran->output.out, fmt::format("{}\n/tmp\n", account.uid));
  EXPECT_EQ(ran->result, "result\n");
}

TEST_F(ProcessAccount, it_is_seen_adopted_and_stopped_by_root) {
  const auto spec = shell("echo x > ready; exec sleep 1000");
  const auto first = net::run_to_end(runtime, [&] { return theirs.start(folder, spec); });
  const auto again = net::run_to_end(runtime, [&] { return theirs.start(folder, spec); });
  ASSERT_TRUE(first && again);
  EXPECT_EQ(first->run_id, again->run_id);
  EXPECT_EQ(owner_of(first->pid), account.uid);
  EXPECT_EQ(owner_of(first->supervisor_pid), account.uid);
  const auto stopped = net::run_to_end(runtime, [&] { return theirs.stop(folder); });
  ASSERT_TRUE(stopped);
  EXPECT_EQ(stopped->state, State::exited);
  EXPECT_FALSE(alive(first->pid));
}

TEST_F(ProcessAccount, a_folder_of_somebody_else_is_refused) {
  fs::create_directory(folder);
  write_text(folder / "file", "x");
  const auto started = net::run_to_end(runtime, [&] { return theirs.start(folder, shell("true")); });
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().kind, base::ErrorKind::forbidden);
}

TEST_F(ProcessAccount, a_link_in_the_path_leads_no_further_than_the_account) {
  fs::create_directory(place / "elsewhere");
  ::chmod((place / "elsewhere").c_str(), 0755);
  fs::create_directory_symlink(place / "elsewhere", place / "link");
  const auto started = net::run_to_end(runtime, [&] { return theirs.start(place / "link/new", shell("true")); });
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().kind, base::ErrorKind::forbidden);
  EXPECT_TRUE(fs::is_empty(place / "elsewhere"));
}

TEST_F(ProcessAccount, short_commands_run_as_the_account) {
  const auto ran = net::run_to_end(runtime, [&] { return theirs.run(shell("id -u"), 60s); });
  ASSERT_TRUE(ran) << ran.error().message;
  EXPECT_EQ(ran->out, std::to_string(account.uid) + "\n");
}

TEST_F(ProcessAccount, a_sweep_ends_the_accounts_processes_only) {
  fs::create_directory(folder);
  ::chmod(folder.c_str(), 0755);
  const Foreign roots({"/bin/sleep", "1000"}, folder);
  const auto uid = "--reuid=" + std::to_string(account.uid);
  const auto gid = "--regid=" + std::to_string(account.gid);
  const Foreign accounts(
      {"/usr/bin/setpriv", uid, gid, "--clear-groups", "/bin/sh", "-c", "cd \"$PLACE\"; exec sleep 1000"}, "/",
      {{"PATH", "/usr/bin:/bin"}, {"PLACE", folder}});
  wait_until(accounts.pid(), "sleep");
  const auto swept = net::run_to_end(runtime, [&] { return theirs.sweep(folder); });
  ASSERT_TRUE(swept) << swept.error().message;
  EXPECT_EQ(*swept, 1);
  EXPECT_TRUE(roots.alive());
  EXPECT_FALSE(accounts.alive());
}

// A broker that was started as root, became its own account, and kept the capabilities that this takes.
TEST_F(ProcessAccount, a_broker_with_capabilities_instead_of_root_can_do_all_of_it) {
  const passwd* entry = ::getpwnam("nobody");
  if (!entry || entry->pw_uid == account.uid) GTEST_SKIP() << "needs two accounts: slipway-test and nobody";
  const std::string caps = "+setuid,+setgid,+chown,+kill,+dac_override,+dac_read_search";
  auto command =
      this_program({"broker-cycle", folder, account.name, std::to_string(account.uid), std::to_string(account.gid)});
  command.insert(command.begin(), {"/usr/bin/setpriv", "--reuid=" + std::to_string(entry->pw_uid),
                                   "--regid=" + std::to_string(entry->pw_gid), "--clear-groups", "--inh-caps=" + caps,
                                   "--ambient-caps=" + caps});
  const auto ran = run({.command = command});
  ASSERT_TRUE(ran) << ran.error().message;
  EXPECT_EQ(ran->exit_code, 0) << ran->out << ran->err;
  EXPECT_EQ(ran->out, "running exited 0\n");
  EXPECT_THAT(read_text(folder / "log"), HasSubstr("CapEff:\t0000000000000000\nCapBnd"));
  expect_owner(folder, account.uid, 0700);
}

}  // namespace
}  // namespace slipway::process
