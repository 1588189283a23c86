#include "provider/local/watch.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

namespace slipway::provider::local {
namespace {

namespace fs = std::filesystem;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""h;
using Awaitable = boost::asio::awaitable<void>;

struct Watching : testing::Test {
  Watching() {
    std::string name = "/tmp/slipway-watch-XXXXXX";
    place = ::mkdtemp(name.data());
  }
  ~Watching() override { fs::remove_all(place); }
  void run(std::function<Awaitable()> task) { net::run_to_end(runtime, std::move(task)); }

  fs::path place;
  net::Runtime runtime;
};

TEST_F(Watching, a_ring_before_the_wait_is_not_lost_and_many_are_one) {
  Bell bell(runtime);
  bell.ring();
  bell.ring();
  run([&]() -> Awaitable { co_await bell.wait(1h); });
  run([&]() -> Awaitable { co_await bell.wait(1ms); });  // returns after its patience
}

TEST_F(Watching, a_ring_ends_the_wait) {
  Bell bell(runtime);
  runtime.post([&] { bell.ring(); });
  run([&]() -> Awaitable { co_await bell.wait(1h); });
}

TEST_F(Watching, names_that_come_and_go_are_noticed) {
  auto watch = FolderWatch::open(runtime, place).value();
  std::ofstream(place / "a") << "";
  run([&]() -> Awaitable { co_await watch.changed(); });
  fs::remove(place / "a");
  run([&]() -> Awaitable { co_await watch.changed(); });
}

TEST_F(Watching, a_folder_that_is_not_there_cannot_be_watched) {
  EXPECT_EQ(FolderWatch::open(runtime, place / "nothing").error().kind, base::ErrorKind::not_found);
}

}  // namespace
}  // namespace slipway::provider::local
