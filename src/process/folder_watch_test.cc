#include "process/folder_watch.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

namespace slipway::process {
namespace {

namespace fs = std::filesystem;
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

TEST_F(Watching, names_that_come_and_go_are_noticed) {
  auto watch = FolderWatch::open(runtime).value();
  watch.add(place).value();
  std::ofstream(place / "a") << "";
  run([&]() -> Awaitable { co_await watch.changed(); });
  fs::remove(place / "a");
  run([&]() -> Awaitable { co_await watch.changed(); });
}

TEST_F(Watching, a_folder_that_is_gone_is_watched_no_more) {
  auto watch = FolderWatch::open(runtime).value();
  fs::create_directories(place / "folder");
  fs::create_directories(place / "holder");
  watch.add(place).value();
  watch.add(place / "folder").value();
  watch.add_name(place / "holder" / "name");
  EXPECT_EQ(watch.size(), 3u);
  fs::remove(place / "holder");
  fs::remove(place / "folder");
  run([&]() -> Awaitable { co_await watch.changed(); });
  EXPECT_EQ(watch.size(), 1u);
}

TEST_F(Watching, a_folder_that_is_not_there_cannot_be_watched) {
  EXPECT_EQ(FolderWatch::open(runtime).value().add(place / "nothing").error().kind, base::ErrorKind::not_found);
}

}  // namespace
}  // namespace slipway::process
