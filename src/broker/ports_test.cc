#include "broker/ports.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/test_world.h"

namespace slipway::broker {
namespace {

using ::testing::Each;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

using Numbers = std::vector<std::uint16_t>;

// Listens on 127.0.0.1 until its end.
class Listener {
 public:
  explicit Listener(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int on = 1;
    ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(fd_, 1), 0);
  }
  ~Listener() { ::close(fd_); }

 private:
  int fd_;
};

struct PortsTest : ::testing::Test {
  PortsTest() {
    for (const auto* name : {"env-1", "env-2"}) {
      net::run_to_end(runtime, [&] {
        return database->write([name](storage::Connection& connection) -> base::Result<void> {
          TRY(connection.execute(
              "INSERT INTO environment (id, name, type, region, owner, status, rolled_back, "
              "rolling_back, failure_code, failure_reason, parameters, tags, "
              "request_document, outputs, fleet, fleet_updated_at, created_at, updated_at, correlation_id, version) "
              "VALUES (?, ?, 'parallelcluster', 'local', '', 'pending', 0, 0, "
              "'', '', '{}', '{}', '', '{}', 'running', 0, 0, 0, '', 0)",
              {std::string_view(name), std::string_view(name)}));
          return {};
        });
      }).value();
    }
  }
  ~PortsTest() override { database->stop(); }

  base::Result<Numbers> reserve(const std::string& id, std::size_t count) {
    return net::run_to_end(runtime, [&] { return ports.reserve(base::EnvironmentId(id), count); });
  }
  void release(const std::string& id) {
    net::run_to_end(runtime, [&] { return ports.release(base::EnvironmentId(id)); }).value();
  }
  Numbers of(const std::string& id) { return ports.of(base::EnvironmentId(id)).value(); }

  // Tests run side by side, each in a process of its own.
  static PortRange range() {
    const auto first = static_cast<std::uint16_t>(5000 + (::getpid() % 600) * 8);
    return {.first = first, .last = static_cast<std::uint16_t>(first + 7)};
  }

  net::Runtime runtime;
  test_world::TemporaryFolder folder;
  std::unique_ptr<storage::Database> database = storage::sqlite::open_database(runtime, folder.path).value();
  Ports ports{*database, base::system_clock(), range()};
};

TEST_F(PortsTest, an_environment_keeps_what_it_has) {
  const auto first = reserve("env-1", 3).value();
  EXPECT_THAT(first, SizeIs(3));
  EXPECT_EQ(reserve("env-1", 3).value(), first);
  EXPECT_EQ(of("env-1"), first);
}

TEST_F(PortsTest, two_environments_never_share_one) {
  const auto first = reserve("env-1", 4).value();
  const auto second = reserve("env-2", 4).value();
  for (const auto port : second) EXPECT_THAT(first, Each(Not(port)));
}

TEST_F(PortsTest, more_of_them_are_added_to_those_in_use) {
  const auto first = reserve("env-1", 6).value();
  auto all = reserve("env-1", 8).value();
  ASSERT_THAT(all, SizeIs(8));
  EXPECT_EQ(of("env-1"), all);
  EXPECT_EQ(reserve("env-1", 1).value(), all);
  all.resize(6);
  EXPECT_EQ(all, first);
}

TEST_F(PortsTest, a_port_where_somebody_listens_is_not_chosen) {
  const Listener listener(range().first);
  EXPECT_THAT(reserve("env-1", 7).value(), Each(Not(range().first)));
}

TEST_F(PortsTest, too_few_free_ones_are_an_error_that_names_the_setting_and_takes_none) {
  ASSERT_TRUE(reserve("env-1", 5));
  const auto refused = reserve("env-2", 4);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "NoFreePort");
  EXPECT_THAT(refused.error().message, ::testing::HasSubstr("local.last_port"));
  EXPECT_THAT(of("env-2"), IsEmpty());
}

TEST_F(PortsTest, released_ones_are_free_again) {
  ASSERT_TRUE(reserve("env-1", 8));
  release("env-1");
  release("env-1");
  EXPECT_THAT(of("env-1"), IsEmpty());
  EXPECT_TRUE(reserve("env-2", 8));
}

TEST_F(PortsTest, an_environment_that_is_not_there_gets_none) {
  EXPECT_EQ(reserve("env-9", 1).error().kind, base::ErrorKind::conflict);
}

}  // namespace
}  // namespace slipway::broker
