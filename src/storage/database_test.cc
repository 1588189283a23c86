// Conformance of a store: the seam itself.

#include "storage/database.h"

#include <latch>
#include <stdexcept>
#include <thread>

#include "storage/store_fixture.h"

namespace slipway::storage {
namespace {

using base::ErrorKind;
using base::Result;
using testing::ElementsAre;
using testing::SizeIs;
using Awaitable = boost::asio::awaitable<void>;

// A transaction that writes a note and then fails.
Transaction failing(std::string what) {
  return [what](Connection& connection) -> Result<void> {
    TRY(note(what)(connection));
    return base::invalid("refused by its author");
  };
}

Result<void> put(Connection& connection, std::int64_t port, const Value& value) {
  TRY(
      connection.execute("INSERT INTO audit (at, who, surface, what, target, before, after, request_id, "
                         "correlation_id) VALUES (?, '', '', '', ?, '', '', '', '')",
                         {port, value}));
  return {};
}

TEST_P(Store, a_write_is_visible_to_the_reader_as_soon_as_its_task_returns) {
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(write(note(std::to_string(i))));
    ASSERT_THAT(notes(database->reader()), SizeIs(i + 1));
  }
}

TEST_P(Store, a_scan_in_the_pool_sees_it_too_and_on_another_thread) {
  ASSERT_TRUE(write(note("one")));
  std::thread::id scanned_on;
  auto scanned = read([&](Connection& connection) -> Result<void> {
    scanned_on = std::this_thread::get_id();
    EXPECT_THAT(notes(connection), ElementsAre("one"));
    return {};
  });
  EXPECT_TRUE(scanned);
  EXPECT_NE(scanned_on, std::this_thread::get_id());
}

TEST_P(Store, what_was_written_is_there_after_it_was_closed_and_opened_again) {
  ASSERT_TRUE(write(note("one")));
  reopen();
  EXPECT_THAT(notes(database->reader()), ElementsAre("one"));
}

TEST_P(Store, a_failing_transaction_leaves_nothing_and_gives_its_own_error) {
  EXPECT_EQ(kind(write(failing("lost"))), ErrorKind::invalid);
  EXPECT_THAT(notes(database->reader()), SizeIs(0));
  EXPECT_TRUE(write(note("next")));
}

TEST_P(Store, transactions_that_wait_together_share_one_commit) {
  const auto before = database->statistics();
  std::vector<Transaction> works;
  for (int i = 0; i < 10; ++i) works.push_back(note(std::to_string(i)));
  for (const auto& result : write_together(std::move(works))) EXPECT_TRUE(result);
  const auto after = database->statistics();
  EXPECT_EQ(after.commits - before.commits, 2u);  // the holder's, and the group's
  EXPECT_EQ(after.transactions - before.transactions, 11u);
  EXPECT_EQ(notes(database->reader()), (std::vector<std::string>{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}));
}

TEST_P(Store, a_failing_member_of_a_group_is_rolled_back_alone) {
  auto results = write_together({note("first"), failing("second"), note("third")});
  EXPECT_TRUE(results[0]);
  EXPECT_EQ(kind(results[1]), ErrorKind::invalid);
  EXPECT_TRUE(results[2]);
  EXPECT_THAT(notes(database->reader()), ElementsAre("first", "third"));
}

TEST_P(Store, a_member_sees_what_earlier_members_of_its_group_wrote_but_not_what_failed) {
  std::vector<std::string> seen;
  auto look = [&](Connection& connection) -> Result<void> {
    seen = notes(connection);
    return {};
  };
  write_together({note("first"), failing("second"), look});
  EXPECT_THAT(seen, ElementsAre("first"));
}

TEST_P(Store, an_exception_in_a_transaction_reaches_its_caller_and_no_other) {
  auto throwing = [](Connection& connection) -> Result<void> {
    TRY(note("lost")(connection));
    throw std::logic_error("bug");
  };
  EXPECT_THROW((void)write(throwing), std::logic_error);
  EXPECT_TRUE(write(note("next")));
  EXPECT_THAT(notes(database->reader()), ElementsAre("next"));
}

TEST_P(Store, a_refused_row_is_a_conflict_and_broken_sql_is_internal) {
  ASSERT_TRUE(write([](Connection& connection) -> Result<void> {
    TRY(connection.execute("CREATE TABLE own (id INTEGER PRIMARY KEY, name TEXT UNIQUE)"));
    TRY(connection.execute("INSERT INTO own VALUES (1, 'a')"));
    EXPECT_EQ(kind(connection.execute("INSERT INTO own VALUES (1, 'b')")), ErrorKind::conflict);
    EXPECT_EQ(kind(connection.execute("INSERT INTO own VALUES (2, 'a')")), ErrorKind::conflict);
    EXPECT_EQ(kind(connection.execute("INSERT INTO own VALUES (3, ?)", {"c"})), std::nullopt);
    EXPECT_EQ(kind(connection.execute("INSERT INTO nowhere VALUES (1)")), ErrorKind::internal);
    EXPECT_EQ(kind(connection.execute("INSERT INTO own VALUES (4, ?)")), ErrorKind::internal);
    return {};
  }));
}

TEST_P(Store, values_come_back_as_they_were_bound) {
  const std::string bytes("nul\0quote'\xc3\xa9\n", 12);
  ASSERT_TRUE(write([&](Connection& connection) -> Result<void> {
    TRY(put(connection, std::numeric_limits<std::int64_t>::min(), bytes));
    TRY(put(connection, std::numeric_limits<std::int64_t>::max(), std::string_view()));
    return {};
  }));
  std::vector<std::pair<std::int64_t, std::string>> rows;
  ASSERT_TRUE(database->reader().query("SELECT at, target, NULL FROM audit ORDER BY at", {}, [&](const Row& row) {
    rows.emplace_back(row.integer(0), row.text(1));
    EXPECT_FALSE(row.is_null(1));
    EXPECT_TRUE(row.is_null(2));
  }));
  EXPECT_THAT(rows, ElementsAre(std::pair(std::numeric_limits<std::int64_t>::min(), bytes),
                                std::pair(std::numeric_limits<std::int64_t>::max(), std::string())));
}

TEST_P(Store, execute_gives_the_number_of_changed_rows) {
  ASSERT_TRUE(write([](Connection& connection) -> Result<void> {
    TRY(note("a")(connection));
    TRY(note("b")(connection));
    EXPECT_EQ(TRY(connection.execute("UPDATE audit SET who = 'x'")), 2);
    EXPECT_EQ(TRY(connection.execute("UPDATE audit SET who = 'y' WHERE what = ?", {"c"})), 0);
    return {};
  }));
}

TEST_P(Store, a_visitor_may_ask_the_same_question_again) {
  ASSERT_TRUE(write_together({note("a"), note("b")})[1]);
  auto& connection = database->reader();
  int inner = 0;
  ASSERT_TRUE(connection.query("SELECT what FROM audit", {}, [&](const Row& outer) {
    const std::string what(outer.text(0));
    ASSERT_TRUE(connection.query("SELECT what FROM audit", {}, [&](const Row&) { ++inner; }));
    EXPECT_EQ(outer.text(0), what);
  }));
  EXPECT_EQ(inner, 4);
}

TEST_P(Store, neither_reader_can_write) {
  EXPECT_FALSE(note("lost")(database->reader()));
  EXPECT_FALSE(read(note("lost")));
  EXPECT_THAT(notes(database->reader()), SizeIs(0));
}

TEST_P(Store, a_scan_sees_one_state_while_others_write) {
  auto pair = [](Connection& connection) -> Result<void> {
    TRY(note("left")(connection));
    return note("right")(connection);
  };
  // Counts twice; both must agree, and nobody may see half a transaction.
  auto scan = [](Connection& connection) -> Result<void> {
    const auto first = notes(connection).size();
    const auto second = notes(connection).size();
    EXPECT_EQ(first, second);
    EXPECT_EQ(first % 2, 0u);
    return {};
  };
  run_to_end(runtime, [&]() -> Awaitable {
    net::TaskGroup group(runtime);
    for (int task = 0; task < 4; ++task) {
      group.spawn("writer", [&]() -> Awaitable {
        for (int i = 0; i < 25; ++i) EXPECT_TRUE(co_await database->write(pair));
      });
      group.spawn("scanner", [&]() -> Awaitable {
        for (int i = 0; i < 25; ++i) EXPECT_TRUE(co_await database->read(scan));
      });
    }
    co_await group.join();
  });
  EXPECT_THAT(notes(database->reader()), SizeIs(200));
}

// Holds the writer and fills its queue: 4,096 transactions wait, beside the one that runs.
TEST_P(Store, a_full_queue_refuses_the_next_write_with_a_time_to_come_back_and_keeps_the_others) {
  constexpr int kLimit = 4096;
  std::vector<Transaction> works(kLimit + 1, note("kept"));
  const auto results = write_together(std::move(works));
  for (int i = 0; i < kLimit; ++i) ASSERT_TRUE(results[static_cast<std::size_t>(i)]);
  const auto& refused = results.back();
  ASSERT_EQ(kind(refused), ErrorKind::throttled);
  EXPECT_TRUE(refused.error().retry_after.has_value());
  EXPECT_THAT(notes(database->reader()), SizeIs(kLimit));
  EXPECT_TRUE(write(note("again")));
}

TEST_P(Store, stop_commits_what_is_queued_and_refuses_what_comes_later) {
  constexpr int kQueued = 500;
  int stored = 0;
  run_to_end(runtime, [&]() -> Awaitable {
    net::TaskGroup group(runtime);
    int begun = 0;
    for (int i = 0; i < kQueued; ++i) {
      group.spawn("writer", [&]() -> Awaitable {
        // The last one stops the store in the same turn in which it queued: hardly any of them is written yet.
        if (++begun == kQueued) runtime.post([&] { database->stop(); });
        if (co_await database->write(note("kept"))) ++stored;
      });
    }
    co_await group.join();
  });
  EXPECT_EQ(stored, kQueued);
  database->stop();
  EXPECT_EQ(kind(write(note("late"))), ErrorKind::unavailable);
  EXPECT_EQ(kind(read([](Connection&) { return Result<void>(); })), ErrorKind::unavailable);
  EXPECT_EQ(kind(database->reader().execute("SELECT 1")), ErrorKind::unavailable);
  EXPECT_EQ(kind(run_to_end(runtime, [&] { return database->backup((folder.path() / "copy").string()); })),
            ErrorKind::unavailable);
  reopen();
  EXPECT_THAT(notes(database->reader()), SizeIs(kQueued));
}

TEST_P(Store, a_cancelled_task_still_learns_how_its_queued_write_ended) {
  bool stored = false;
  run_to_end(runtime, [&]() -> Awaitable {
    net::TaskGroup group(runtime);
    group.spawn("writer", [&]() -> Awaitable {
      runtime.post([&] { group.cancel(); });
      stored = (co_await database->write(note("kept"))).has_value();
    });
    co_await group.join();
  });
  EXPECT_TRUE(stored);
  EXPECT_THAT(notes(database->reader()), ElementsAre("kept"));
}

TEST_P(Store, a_backup_holds_what_was_written_before_it_and_refuses_to_overwrite) {
  ASSERT_TRUE(write(note("one")));
  TemporaryFolder other;
  const auto copy = (other.path() / "slipway.db").string();
  ASSERT_TRUE(run_to_end(runtime, [&] { return database->backup(copy); }));
  ASSERT_TRUE(write(note("later")));
  EXPECT_EQ(kind(run_to_end(runtime, [&] { return database->backup(copy); })), ErrorKind::conflict);
  EXPECT_FALSE(read(note("lost")));  // the backup leaves no reader that can write

  const auto restored = GetParam().open(runtime, other.path());
  EXPECT_THAT(notes(restored->reader()), ElementsAre("one"));
}

TEST_P(Store, statistics_count_what_happened) {
  ASSERT_TRUE(write(note("one")));
  const auto statistics = database->statistics();
  EXPECT_EQ(statistics.commits, 1u);
  EXPECT_EQ(statistics.transactions, 1u);
  EXPECT_EQ(statistics.queued, 0u);
  EXPECT_GT(statistics.size_bytes, 0);
}

}  // namespace
}  // namespace slipway::storage
