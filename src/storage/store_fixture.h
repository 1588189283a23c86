#pragma once
// The fixture of the store's conformance suite: every test of it runs once for each store in stores_test.cc. Tests
// only.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <latch>
#include <memory>
#include <string>
#include <vector>

#include "net/runtime.h"
#include "storage/database.h"

namespace slipway::storage {

struct StoreFactory {
  std::string name;
  // Opens the store at `place`, an empty folder of the test's own the first time. Throws where it cannot.
  std::function<std::unique_ptr<Database>(net::Runtime& runtime, const std::filesystem::path& place)> open;

  friend void PrintTo(const StoreFactory& factory, std::ostream* out) { *out << factory.name; }
};

// Every store the suite runs on, and how its runs are named: for INSTANTIATE_TEST_SUITE_P of each fixture.
const std::vector<StoreFactory>& stores();
std::string store_name(const testing::TestParamInfo<StoreFactory>& factory);

class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class Store : public testing::TestWithParam<StoreFactory> {
 protected:
  Store() { open(); }
  void open() { database = GetParam().open(runtime, folder.path()); }
  void reopen() {
    database.reset();
    open();
  }

  base::Result<void> write(Transaction work);
  base::Result<void> read(Transaction work);
  // Writes `works` in one group: holds the writer with a transaction of its own until all of them are queued. Gives
  // their results in the same order.
  std::vector<base::Result<void>> write_together(std::vector<Transaction> works);

  TemporaryFolder folder;
  net::Runtime runtime;
  std::unique_ptr<Database> database;
};

// The kind of the error, or nothing where it succeeded: `EXPECT_EQ(kind(result), ErrorKind::conflict)`.
template <class T>
std::optional<base::ErrorKind> kind(const base::Result<T>& result) {
  return result ? std::nullopt : std::optional(result.error().kind);
}

// A transaction that appends an audit row with this `what`; and those that are stored, in order.
Transaction note(std::string what);
std::vector<std::string> notes(Connection& connection);

// Runs what it is asked, and notes how the store went about it.
struct ExplainingConnection final : Connection {
  explicit ExplainingConnection(Connection& given) : real(given) {}
  base::Result<std::int64_t> execute(std::string_view sql, std::initializer_list<Value> values) override {
    return real.execute(sql, values);
  }
  base::Result<void> query(std::string_view sql, std::initializer_list<Value> values,
                           const std::function<void(const Row&)>& visit) override {
    TRY(real.query("EXPLAIN QUERY PLAN " + std::string(sql), values,
                   [&](const Row& row) { plan.emplace_back(row.text(3)); }));
    return real.query(sql, values, visit);
  }
  Connection& real;
  std::vector<std::string> plan;
};

}  // namespace slipway::storage
