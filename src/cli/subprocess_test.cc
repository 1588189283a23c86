#include "cli/subprocess.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "cli/footprint.h"
#include "cli/test_support.h"

namespace slipway::cli {
namespace {

using std::chrono::seconds;

TEST(Subprocess, GivesBothStreamsAndTheExitCode) {
  auto ran = run_to_end(
      {.command = {"sh", "-c", "cat; echo $X; echo err >&2; exit 3"}, .variables = {{"X", "x"}}, .input = "in\n"},
      seconds(30));
  ASSERT_TRUE(ran) << ran.error().message;
  EXPECT_EQ(ran->exit_code, 3);
  EXPECT_EQ(ran->output, "in\nx\nerr\n");
}

TEST(Subprocess, SaysThatAProgramIsMissing) {
  auto ran = run_to_end({.command = {"no-such-program"}}, seconds(30));
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().kind, base::ErrorKind::not_found);
}

TEST(Subprocess, EndsWhatTakesTooLongWithItsChildren) {
  TemporaryFolder folder;
  auto ran = run_to_end({.command = {"sh", "-c", "sleep 1000 & echo started; wait"}, .directory = folder.path()},
                        std::chrono::milliseconds(300));
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().kind, base::ErrorKind::timed_out);
}

// A process that lives in a folder, until it is ended.
class Resident {
 public:
  explicit Resident(const TemporaryFolder& folder) {
    auto started = start({.command = {"sleep", "1000"}, .directory = folder.path()}, 1, 2, true);
    EXPECT_TRUE(started) << started.error().message;
    pid_ = *started;
  }
  ~Resident() { end(); }
  void end() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(std::exchange(pid_, 0), nullptr, 0);
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = 0;
};

TEST(Footprint, FindsTheProcessesOfAFolderAndWhatIsLeftOfThem) {
  TemporaryFolder folder;
  Resident resident(folder);
  auto before = footprint(folder.path());
  EXPECT_TRUE(before.folder);
  ASSERT_EQ(before.processes.size(), 1u);
  EXPECT_EQ(before.processes.front().pid, resident.pid());
  EXPECT_EQ(before.processes.front().name, "sleep");
  EXPECT_EQ(left_of(before, folder.path()).processes.size(), 1u);
  resident.end();
  EXPECT_TRUE(left_of(before, folder.path()).processes.empty());
}

TEST(Footprint, KnowsWhoListensOnAPort) {
  int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::listen(listening, 1), 0);  // the system chooses the port
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(listening, reinterpret_cast<sockaddr*>(&address), &size);
  int port = ntohs(address.sin_port);
  auto holder = listener_on(port);
  ASSERT_TRUE(holder);
  EXPECT_EQ(holder->pid, ::getpid());
  ::close(listening);
  EXPECT_FALSE(listener_on(port));
}

TEST(Footprint, DoesNotMistakeAFolderForOneWhoseNameBeginsAlike) {
  TemporaryFolder folder;
  Resident resident(folder);
  auto name = folder.path().native();
  EXPECT_TRUE(footprint(name.substr(0, name.size() - 1)).processes.empty());
}

}  // namespace
}  // namespace slipway::cli
