// What a program in a sandbox can do, tried by programs that mean harm.

#include "process/sandbox.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>

#include "process/test_support.h"

namespace slipway::process {
namespace {

using testing::AnyOf;
using testing::Each;
using testing::HasSubstr;
using testing::Not;

struct ProcessSandbox : ProcessTest {
  void SetUp() override {
    const auto probe = run_script("pass");
    if (!probe && probe.error().code == "NoNamespaces") GTEST_SKIP() << probe.error().message;
    ASSERT_TRUE(probe) << probe.error().message;
    // The kernel's own words where Python itself is missing.
    ASSERT_EQ(probe->output.exit_code, 0) << probe->output.err;
  }

  static Spec python(const std::string& script) {
    return {.command = {"/usr/bin/python3", "-I", "-c", script}, .environment = {{"PATH", "/usr/bin:/bin"}}};
  }
  base::Result<Supervisors::ConfinedOutput> run_script(const std::string& script, Sandbox sandbox = {},
                                                       std::chrono::milliseconds timeout = 60s) {
    return net::run_to_end(runtime, [&] { return supervisors.run_confined(python(script), sandbox, timeout); });
  }
  // What the script prints; its errors too, so that a test that fails shows them.
  std::string printed(const std::string& script, Sandbox sandbox = {}) {
    const auto ran = run_script(script, std::move(sandbox));
    return ran ? ran->output.out + ran->output.err : ran.error().message;
  }
  // Returns when a supervisor of this process has a program that has become Python.
  static pid_t wait_for_grandchild() {
    for (;;) {
      for (const auto& supervisor : list_processes()) {
        if (supervisor.parent != ::getpid()) continue;
        for (const auto& program : list_processes()) {
          if (program.parent != supervisor.pid) continue;
          wait_until(program.pid, "python3");
          return program.pid;
        }
      }
      ::sched_yield();
    }
  }
  std::size_t children() const {
    return static_cast<std::size_t>(std::ranges::count(list_processes(), ::getpid(), &ProcessStat::parent));
  }
};

TEST_F(ProcessSandbox, input_comes_in_and_result_and_outputs_come_out) {
  const auto ran = run_script(
      "import os,sys; os.write(3, sys.stdin.read().upper().encode()); print('out'); sys.exit(7)", {.input = "payload"});
  ASSERT_TRUE(ran) << ran.error().message;
  EXPECT_EQ(ran->result, "PAYLOAD");
  EXPECT_EQ(ran->output.out, "out\n");
  EXPECT_EQ(ran->output.exit_code, 7);
}

TEST_F(ProcessSandbox, the_environment_and_the_descriptors_are_its_own) {
  EXPECT_EQ(printed("import os; print(os.environ, os.getcwd(), os.listdir('/tmp'))\n"
                    "open_ones = []\n"
                    "for n in range(256):\n"
                    "  try: os.fstat(n); open_ones.append(n)\n"
                    "  except OSError: pass\n"
                    "print(open_ones)"),
            "environ({'PATH': '/usr/bin:/bin', 'LC_CTYPE': 'C.UTF-8'}) /tmp []\n[0, 1, 2, 3]\n");
}

TEST_F(ProcessSandbox, no_listener_of_this_machine_can_be_reached) {
  const Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size);
  EXPECT_THAT(
      printed(fmt::format("import socket; socket.create_connection(('127.0.0.1', {}), 5)", ntohs(address.sin_port))),
      HasSubstr("unreachable"));
}

TEST_F(ProcessSandbox, other_families_of_sockets_are_refused) {
  for (const char* family : {"AF_VSOCK", "AF_NETLINK", "AF_ALG", "AF_PACKET"}) {
    EXPECT_THAT(printed(fmt::format("import socket; socket.socket(socket.{}, socket.SOCK_RAW)", family)),
                HasSubstr("Address family not supported"))
        << family;
  }
}

TEST_F(ProcessSandbox, an_abstract_socket_of_this_machine_cannot_be_reached) {
  const Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const auto name = fmt::format("slipway-test-{}", ::getpid());
  std::ranges::copy(name, address.sun_path + 1);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  EXPECT_THAT(printed(fmt::format("import socket; socket.socket(socket.AF_UNIX).connect('\\0{}')", name)),
              HasSubstr("Connection refused"));
}

TEST_F(ProcessSandbox, no_folder_of_anybodys_is_there) {
  write_text(place / "secret", "secret");
  EXPECT_THAT(printed(fmt::format("print(open('{}').read())", (place / "secret").native())),
              HasSubstr("No such file or directory"));
  EXPECT_THAT(printed("import os; print(sorted(os.listdir('/')), os.listdir('/etc'), os.listdir('/dev'))"),
              AllOf(Not(HasSubstr("home")), Not(HasSubstr("proc")), Not(HasSubstr("passwd")), Not(HasSubstr("shm"))));
}

TEST_F(ProcessSandbox, a_hidden_folder_of_the_system_is_empty) {
  EXPECT_EQ(printed("import os; print(os.listdir('/usr/share'))", {.hidden = {"/usr/share", "/no/such/folder"}}),
            "[]\n");
}

TEST_F(ProcessSandbox, the_system_cannot_be_written) {
  for (const char* path : {"/usr/x", "/x", "/etc/x", "/dev/x"}) {
    EXPECT_THAT(printed(fmt::format("open('{}', 'w')", path)), AnyOf(HasSubstr("Read-only"), HasSubstr("denied")))
        << path;
  }
}

TEST_F(ProcessSandbox, no_right_is_left_and_none_comes_back) {
  EXPECT_EQ(printed("import os\n"
                    "print(os.getuid() != 0, os.getgroups() in ([], [os.getgid()]), os.getpid())\n"
                    "def fails(call, *args):\n"
                    "  try: call(*args); print('could', call)\n"
                    "  except OSError as error: pass\n"
                    "fails(os.setuid, 0)\n"
                    "fails(os.chroot, '/tmp')\n"
                    "import ctypes; c = ctypes.CDLL(None, use_errno=True)\n"
                    "print(c.unshare(0x10000000), c.mount(b'none', b'/tmp', b'tmpfs', 0, None), c.ptrace(0, 0, 0, 0),\n"
                    "      c.memfd_create(b'x', 0), c.shmget(0, 4096, 0o1600), c.syscall(250, 0, 0, 0))"),
            "True True 1\n-1 -1 -1 -1 -1 -1\n");
}

TEST_F(ProcessSandbox, memory_ends_at_the_limit) {
  EXPECT_THAT(printed("x = bytearray(10 << 30)"), HasSubstr("MemoryError"));
  EXPECT_THAT(printed("x = bytearray(100 << 20); print('well')", {.memory_bytes = 300 << 20}), "well\n");
}

TEST_F(ProcessSandbox, files_end_at_the_limit) {
  EXPECT_THAT(printed("f = open('huge', 'wb')\nfor i in range(100): f.write(bytes(1 << 20))"),
              AnyOf(HasSubstr("File too large"), HasSubstr("No space left")));
  EXPECT_THAT(printed("for i in range(100): open(f'{i}', 'wb').write(bytes(1 << 20))"), HasSubstr("No space left"));
  EXPECT_THAT(printed("for i in range(100000): open(f'{i}', 'wb').close()"), HasSubstr("No space left"));
}

TEST_F(ProcessSandbox, descriptors_end_at_the_limit) {
  EXPECT_THAT(printed("f = [open('/dev/null') for i in range(10000)]"), HasSubstr("Too many open files"));
}

TEST_F(ProcessSandbox, processes_end_at_the_limit_and_with_the_program) {
  const auto ran = run_script(
      "import os, signal\n"
      "count = 0\n"
      "try:\n"
      "  while True:\n"
      "    if os.fork() == 0:\n"
      "      os.setsid(); signal.pause()\n"
      "    count += 1\n"
      "except OSError as error: print(count < 40, error.strerror)");
  ASSERT_TRUE(ran) << ran.error().message;
  EXPECT_EQ(ran->output.out, "True Resource temporarily unavailable\n") << ran->output.err;
  EXPECT_EQ(children(), 0u);
}

TEST_F(ProcessSandbox, a_flood_of_output_is_cut_to_its_end) {
  const auto ran = run_script(
      "import sys, os\n"
      "for i in range(300): print('x' * 10000)\n"
      "print('the end'); os.write(3, b'y' * 300000)");
  ASSERT_TRUE(ran) << ran.error().message;
  EXPECT_EQ(ran->output.out.size(), 64u << 10);
  EXPECT_TRUE(ran->output.out.ends_with("the end\n"));
  EXPECT_EQ(ran->result.size(), (100u << 10) + 1);
}

TEST_F(ProcessSandbox, at_its_time_it_is_killed_with_all_it_forked_and_its_last_lines_are_kept) {
  for (auto timeout = 500ms;; timeout *= 2) {
    const auto ran = run_script(
        "import os, signal, time\n"
        "for s in range(1, 32):\n"
        "  if s not in (9, 19): signal.signal(s, signal.SIG_IGN)\n"
        "print('here', flush=True)\n"
        "if os.fork() == 0: os.setsid(); os.fork()\n"
        "while True: print('x' * 100, flush=True)",
        {}, timeout);
    ASSERT_FALSE(ran);
    EXPECT_EQ(ran.error().kind, base::ErrorKind::timed_out);
    EXPECT_EQ(children(), 0u);
    if (ran.error().evidence.empty()) continue;  // on a busy machine it had not begun: then with more time
    EXPECT_THAT(ran.error().evidence, Each(HasSubstr("x")));
    return;
  }
}

TEST_F(ProcessSandbox, processor_time_ends_at_the_limit) {
  const auto ran = run_script("while True: pass", {.cpu = std::chrono::seconds(1)});
  ASSERT_TRUE(ran) << ran.error().message;
  EXPECT_EQ(ran->output.exit_code, 128 + SIGKILL);
}

TEST_F(ProcessSandbox, cancelled_it_ends_with_all_it_forked) {
  net::run_to_end(runtime, [&]() -> boost::asio::awaitable<void> {
    net::TaskGroup group(runtime);
    group.spawn("script", [&]() -> boost::asio::awaitable<void> {
      (void)co_await supervisors.run_confined(python("import signal, os; os.fork(); signal.pause()"), {}, 60s);
      ADD_FAILURE() << "was not cancelled";
    });
    pid_t script = 0;
    co_await aside([&] { script = wait_for_grandchild(); });
    group.cancel();
    co_await group.join();
    co_await aside([&] { wait_for_end(script); });
  });
}

TEST_F(ProcessSandbox, a_killed_supervisor_takes_it_along) {
  net::run_to_end(runtime, [&]() -> boost::asio::awaitable<void> {
    net::TaskGroup group(runtime);
    group.spawn("script", [&]() -> boost::asio::awaitable<void> {
      const auto ran = co_await supervisors.run_confined(python("import signal; signal.pause()"), {}, 60s);
      EXPECT_FALSE(ran);
    });
    co_await aside([&] {
      const pid_t script = wait_for_grandchild();
      ::kill(read_stat(script)->parent, SIGKILL);
      wait_for_end(script);
    });
    co_await group.join();
  });
}

}  // namespace
}  // namespace slipway::process
