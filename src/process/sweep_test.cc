#include "process/sweep.h"

#include <filesystem>

#include "process/test_support.h"

namespace slipway::process {
namespace {

namespace fs = std::filesystem;

TEST(NamesFolder, finds_the_folder_and_what_is_below_it) {
  EXPECT_TRUE(names_folder("/a/b", "/a/b"));
  EXPECT_TRUE(names_folder("/a/b/c", "/a/b"));
  EXPECT_TRUE(names_folder("--config=/a/b/slurm.conf", "/a/b"));
  EXPECT_TRUE(names_folder("PATH=/bin:/a/b:/usr", "/a/b"));
  EXPECT_TRUE(names_folder("/a/b (deleted)", "/a/b"));
  EXPECT_TRUE(names_folder("-f/a/b/slurm.conf", "/a/b"));
  EXPECT_TRUE(names_folder("/x/a/b /a/b", "/a/b"));
}

TEST(NamesFolder, is_not_taken_in_by_neighbours) {
  EXPECT_FALSE(names_folder("/a", "/a/b"));
  EXPECT_FALSE(names_folder("/a/bc", "/a/b"));
  EXPECT_FALSE(names_folder("/a/b-2/c", "/a/b"));
  EXPECT_FALSE(names_folder("/a/b.old", "/a/b"));
  EXPECT_FALSE(names_folder("/x/a/b", "/a/b"));
  EXPECT_FALSE(names_folder("", "/a/b"));
}

struct ProcessSweep : ProcessTest {
  ProcessSweep() { fs::create_directories(folder / "below"); }
  const std::vector<std::string> sleep{"/bin/sleep", "1000"};
};

TEST_F(ProcessSweep, ends_who_works_in_the_folder_or_below) {
  Foreign in(sleep, folder), below(sleep, folder / "below"), beside(sleep, place);
  EXPECT_EQ(*sweep(folder), 2);
  EXPECT_FALSE(in.alive());
  EXPECT_FALSE(below.alive());
  EXPECT_TRUE(beside.alive());
  EXPECT_EQ(*sweep(folder), 0);
}

TEST_F(ProcessSweep, ends_who_names_the_folder_in_the_command_line) {
  for (const auto& path : {folder / "slurm.conf", place / "folder2"}) write_text(path, "");
  const Foreign named({"/usr/bin/tail", "-f", folder / "slurm.conf"});
  const Foreign neighbour({"/usr/bin/tail", "-f", place / "folder2"});
  EXPECT_EQ(*sweep(folder), 1);
  EXPECT_FALSE(named.alive());
  EXPECT_TRUE(neighbour.alive());
}

TEST_F(ProcessSweep, ends_who_has_the_folder_in_the_environment) {
  const Foreign marked(sleep, "/", {{"SLIPWAY_PROCESS", folder}});
  const Foreign came_from_there(sleep, "/", {{"OLDPWD", folder}});
  EXPECT_EQ(*sweep(folder), 1);
  EXPECT_FALSE(marked.alive());
  EXPECT_TRUE(came_from_there.alive());
}

TEST_F(ProcessSweep, finds_who_works_in_a_folder_that_is_gone) {
  const Foreign in(sleep, folder);
  fs::remove_all(folder);
  EXPECT_EQ(*sweep(folder), 1);
  EXPECT_FALSE(in.alive());
}

TEST_F(ProcessSweep, finds_them_behind_a_symbolic_link) {
  fs::create_directory_symlink(folder, place / "link");
  const Foreign in(sleep, folder);
  EXPECT_EQ(*sweep(place / "link"), 1);
}

TEST_F(ProcessSweep, ends_all_that_a_supervisor_below_guards_marked_or_not) {
  const auto process = folder / "process";
  const auto spec =
      shell("setsid sh -c '(cd /; exec env -i sleep 1000) & echo $! > daemon'; echo x > ready; sleep 1000");
  const auto started = net::run_to_end(runtime, [&] { return supervisors.start(process, spec); });
  ASSERT_TRUE(started);
  wait_for_file(process / "ready");
  const pid_t daemon = std::stoi(read_text(process / "daemon"));
  EXPECT_GE(*sweep(folder), 1);
  EXPECT_FALSE(alive(daemon));
  EXPECT_FALSE(alive(started->pid));
  EXPECT_EQ(supervisors.status(process).state, State::exited);
}

TEST_F(ProcessSweep, spares_itself_its_ancestors_and_other_brokers) {
  fs::current_path(folder);  // this process works there, and is an ancestor of whoever sweeps
  const Foreign broker(this_program({"broker", place / "other", "true", place / "held"}), folder);
  wait_for_file(place / "held");
  EXPECT_EQ(*sweep(folder), 0);
  EXPECT_TRUE(broker.alive());
  fs::current_path("/");
}

TEST_F(ProcessSweep, spares_the_shell_that_a_broker_was_started_from) {
  const auto sweeper = this_program({"sweep", folder});
  Foreign shell({"/bin/sh", "-c", sweeper[0] + " sweep " + folder.native() + " && echo swept > $PLACE/swept; exit 0"},
                folder, {{"PLACE", place}});
  EXPECT_TRUE(shell.ends_within(60s));
  EXPECT_EQ(read_text(place / "swept"), "swept\n");
}

TEST_F(ProcessSweep, ends_this_program_too_where_it_bears_the_mark) {
  const Foreign runner(this_program({"broker", place / "other", "true", place / "held"}), "/",
                       {{"SLIPWAY_PROCESS", folder}});
  wait_for_file(place / "held");
  EXPECT_EQ(*sweep(folder), 1);
  EXPECT_FALSE(runner.alive());
}

TEST_F(ProcessSweep, two_at_once_do_not_end_each_other) {
  const Foreign one(sleep, folder), two(sleep, folder);
  int swept = 0;
  net::run_to_end(runtime, [&]() -> boost::asio::awaitable<void> {
    net::TaskGroup group(runtime);
    for (int i = 0; i < 4; ++i) {
      group.spawn("sweep", [&]() -> boost::asio::awaitable<void> {
        const auto count = co_await supervisors.sweep(folder);
        EXPECT_TRUE(count);
        swept += count ? *count : 0;
      });
    }
    co_await group.join();
  });
  EXPECT_GE(swept, 2);
  EXPECT_FALSE(one.alive());
  EXPECT_FALSE(two.alive());
}

TEST_F(ProcessSweep, refuses_the_root_folder) {
  EXPECT_EQ(sweep("/").error().kind, base::ErrorKind::invalid);
}

}  // namespace
}  // namespace slipway::process
