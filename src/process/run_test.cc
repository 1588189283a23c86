#include <fmt/format.h>
#include <signal.h>

#include <algorithm>

#include "process/test_support.h"

namespace slipway::process {
namespace {

using testing::HasSubstr;

struct ProcessRun : ProcessTest {
  // Children of this process since the test began, dead or alive.
  std::size_t children() const { return count_children() - before; }
  static std::size_t count_children() {
    return static_cast<std::size_t>(std::ranges::count(list_processes(), ::getpid(), &ProcessStat::parent));
  }
  const std::size_t before = count_children();
};

TEST_F(ProcessRun, a_short_command_gives_its_code_and_both_outputs) {
  const auto ran = run(shell("echo out; echo err >&2; exit 3"));
  ASSERT_TRUE(ran) << ran.error().message;
  EXPECT_EQ(ran->exit_code, 3);
  EXPECT_EQ(ran->out, "out\n");
  EXPECT_EQ(ran->err, "err\n");
  EXPECT_EQ(children(), 0u);
}

TEST_F(ProcessRun, a_signal_shows_in_the_code_as_in_a_shell) {
  EXPECT_EQ(run(shell("kill -9 $$"))->exit_code, 128 + SIGKILL);
}

TEST_F(ProcessRun, a_missing_command_is_not_found) {
  const auto ran = run({.command = {"/usr/bin/no-such-command"}});
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().kind, base::ErrorKind::not_found);
  EXPECT_THAT(ran.error().message, HasSubstr("/usr/bin/no-such-command"));
}

TEST_F(ProcessRun, long_outputs_are_cut_and_never_stop_the_command) {
  const auto ran = run(shell("head -c 3000000 /dev/zero >&2; head -c 3000000 /dev/zero; exit 4"));
  ASSERT_TRUE(ran);
  EXPECT_EQ(ran->exit_code, 4);
  EXPECT_EQ(ran->out.size(), 1u << 20);
  EXPECT_EQ(ran->err.size(), 1u << 20);
}

TEST_F(ProcessRun, a_large_request_arrives_whole) {
  auto spec = shell("printf %s \"$LARGE\" | wc -c");
  spec.environment["LARGE"] = std::string(100'000, 'x');
  spec.environment["BYTES"] = "\xff\xfe";
  EXPECT_EQ(run(spec)->out, "100000\n");
}

TEST_F(ProcessRun, at_its_time_it_is_killed_with_all_descendants) {
  const auto spec = shell(
      "trap '' TERM; setsid sh -c '(cd /; exec env -i sleep 1000) & echo $! > $PLACE/grandchild';"
      "echo $$ > $PLACE/child; sleep 1000");
  // On a busy machine it may be killed before all are there: then with more time.
  for (auto timeout = 500ms; read_text(place / "child").empty(); timeout *= 2) {
    const auto ran = run(spec, timeout);
    ASSERT_FALSE(ran);
    EXPECT_EQ(ran.error().kind, base::ErrorKind::timed_out);
    EXPECT_EQ(children(), 0u);
  }
  EXPECT_FALSE(alive(std::stoi(read_text(place / "child"))));
  EXPECT_FALSE(alive(std::stoi(read_text(place / "grandchild"))));
}

TEST_F(ProcessRun, what_a_command_leaves_behind_is_ended) {
  const auto ran = run(shell("setsid sh -c '(exec sleep 1000) & echo $!'; exit 0"));
  ASSERT_TRUE(ran);
  EXPECT_FALSE(alive(std::stoi(ran->out)));
}

TEST_F(ProcessRun, a_command_that_closes_its_outputs_is_waited_for) {
  const auto ran = run(shell("exec >&- 2>&-; sleep 0.05; exit 6"));
  ASSERT_TRUE(ran);
  EXPECT_EQ(ran->exit_code, 6);
}

TEST_F(ProcessRun, cancelled_it_ends_with_all_descendants) {
  pid_t child = 0;
  net::run_to_end(runtime, [&]() -> boost::asio::awaitable<void> {
    net::TaskGroup group(runtime);
    group.spawn("run", [&]() -> boost::asio::awaitable<void> {
      (void)co_await supervisors.run(shell("echo $$ > $PLACE/child; sleep 1000"), 60s);
      ADD_FAILURE() << "was not cancelled";
    });
    co_await aside([&] { wait_for_file(place / "child"); });
    child = std::stoi(read_text(place / "child"));
    group.cancel();
    co_await group.join();
    co_await aside([&] { wait_for_end(child); });
  });
  EXPECT_FALSE(alive(child));
}

TEST_F(ProcessRun, many_at_once_come_back_with_their_own) {
  std::vector<std::string> outputs(10);
  net::run_to_end(runtime, [&]() -> boost::asio::awaitable<void> {
    net::TaskGroup group(runtime);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      group.spawn("run", [&, i]() -> boost::asio::awaitable<void> {
        auto ran = co_await supervisors.run(shell(fmt::format("echo {}", i)), 60s);
        outputs[i] = ran ? ran->out : ran.error().message;
      });
    }
    co_await group.join();
  });
  for (std::size_t i = 0; i < outputs.size(); ++i) EXPECT_EQ(outputs[i], fmt::format("{}\n", i));
  EXPECT_EQ(children(), 0u);
}

}  // namespace
}  // namespace slipway::process
