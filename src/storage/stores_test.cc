// Which stores the conformance suite runs on, and its fixture. A second store is one more element in stores().

#include <stdlib.h>

#include <stdexcept>

#include "storage/audit.h"
#include "storage/sqlite/database.h"
#include "storage/store_fixture.h"

namespace slipway::storage {

using base::Result;

namespace {

const StoreFactory kSqlite{"sqlite", [](net::Runtime& runtime, const std::filesystem::path& place) {
                             auto database = sqlite::open_database(runtime, place);
                             if (!database) throw std::runtime_error(database.error().describe());
                             return std::move(*database);
                           }};

INSTANTIATE_TEST_SUITE_P(Stores, Store, testing::ValuesIn(stores()), store_name);

}  // namespace

const std::vector<StoreFactory>& stores() {
  static const std::vector<StoreFactory> all = {kSqlite};
  return all;
}

std::string store_name(const testing::TestParamInfo<StoreFactory>& factory) {
  return factory.param.name;
}

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "slipway-store-XXXXXX").string();
  if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Result<void> Store::write(Transaction work) {
  return run_to_end(runtime, [&] { return database->write(std::move(work)); });
}

Result<void> Store::read(Transaction work) {
  return run_to_end(runtime, [&] { return database->read(std::move(work)); });
}

std::vector<Result<void>> Store::write_together(std::vector<Transaction> works) {
  std::latch held(1), queued(1);
  std::vector<Result<void>> results(works.size());
  run_to_end(runtime, [&]() -> boost::asio::awaitable<void> {
    net::TaskGroup group(runtime);
    group.spawn("holder", [&]() -> boost::asio::awaitable<void> {
      (void)co_await database->write([&](Connection&) -> Result<void> {
        held.count_down();
        queued.wait();
        return {};
      });
    });
    (void)co_await net::run_blocking<void>(runtime, [&]() -> Result<void> {
      held.wait();
      return {};
    });
    std::size_t begun = 0;
    for (std::size_t i = 0; i < works.size(); ++i) {
      group.spawn("writer", [&, i]() -> boost::asio::awaitable<void> {
        if (++begun == works.size()) runtime.post([&] { queued.count_down(); });
        results[i] = co_await database->write(std::move(works[i]));
      });
    }
    co_await group.join();
  });
  return results;
}

Transaction note(std::string what) {
  return [what = std::move(what)](Connection& connection) {
    AuditRow row;
    row.what = what;
    return insert_audit(connection, row);
  };
}

std::vector<std::string> notes(Connection& connection) {
  std::vector<std::string> all;
  connection.query("SELECT what FROM audit ORDER BY id", {}, [&](const Row& row) { all.emplace_back(row.text(0)); })
      .value();
  return all;
}

}  // namespace slipway::storage
