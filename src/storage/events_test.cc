// Conformance of a store: what happened, over the journal and the events beside it.

#include "storage/events.h"

#include "storage/documents.h"
#include "storage/environments.h"
#include "storage/executions.h"
#include "storage/store_fixture.h"

namespace slipway::storage {
namespace {

using base::EnvironmentId;
using base::Result;
using testing::ElementsAre;
using testing::IsEmpty;

struct Happened : Store {
  Happened() {
    write([](Connection& connection) -> Result<void> {
      TRY(ensure_document(connection, "document", "content", 1, {}));
      for (const auto* name : {"one", "two"}) {
        EnvironmentRow row;
        row.id = EnvironmentId(std::string("env-") + name);
        row.name = name;
        row.status = "available";
        TRY(insert_environment(connection, row));
        ExecutionRow execution;
        execution.id = base::ExecutionId(std::string("execution-") + name);
        execution.environment_id = row.id;
        execution.document_name = "document";
        execution.document_version = 1;
        execution.kind = "launch";
        execution.correlation_id = "correlation";
        JournalRow accepted;
        accepted.kind = "Accepted";
        TRY(insert_execution(connection, execution, {accepted}));
      }
      return {};
    }).value();
  }

  void status(std::string environment, std::string words) {
    write([=](Connection& connection) {
      return append_event(connection, EnvironmentId("env-" + environment), "status", {}, words);
    }).value();
  }
  void step(std::string environment, std::string words) {
    write([=](Connection& connection) -> Result<void> {
      const auto execution = TRY(find_execution(connection, base::ExecutionId("execution-" + environment)));
      Move move;
      move.next = *execution;
      JournalRow row;
      row.kind = "Entered";
      row.step = words;
      move.journal.push_back(row);
      TRY(move_execution(connection, move));
      return {};
    }).value();
  }

  // Everything behind `from`, in pages of `limit`: "environment kind words" of each.
  std::vector<std::string> told(EventPlace from = {}, int limit = 100, std::string environment = {}) {
    std::vector<std::string> all;
    const auto upto = last_event(database->reader()).value();
    while (from != upto) {
      const auto page = events_after(database->reader(), from, upto, EnvironmentId(environment), limit).value();
      for (const auto& row : page.rows) {
        EXPECT_LT(from, row.place);
        from = row.place;
        all.push_back(row.environment + " " + row.kind + " " + (row.kind == "step" ? row.step : row.data));
      }
      EXPECT_LE(from, page.to);
      from = page.to;
    }
    return all;
  }
};
INSTANTIATE_TEST_SUITE_P(Stores, Happened, testing::ValuesIn(stores()), store_name);

TEST_P(Happened, is_found_by_its_time) {
  const auto at = [](int minute) { return base::Time(std::chrono::minutes(minute)); };
  const auto before = last_event(database->reader()).value();
  for (int minute = 1; minute <= 9; ++minute) {
    write([&](Connection& connection) -> Result<void> {
      TRY(append_event(connection, EnvironmentId("env-one"), "status", at(minute), std::to_string(minute)));
      Move move;
      move.next = *TRY(find_execution(connection, base::ExecutionId("execution-one")));
      JournalRow row;
      row.kind = "Entered";
      row.step = std::to_string(minute);
      row.at = at(minute);
      move.journal.push_back(row);
      TRY(move_execution(connection, move));
      return {};
    }).value();
  }
  auto& connection = database->reader();
  EXPECT_THAT(told(event_place_of(connection, at(8)).value()),
              ElementsAre("one status 8", "one step 8", "one status 9", "one step 9"));
  EXPECT_EQ(event_place_of(connection, at(1)).value(), before);
  EXPECT_EQ(event_place_of(connection, at(10)).value(), last_event(connection).value());
}

TEST_P(Happened, is_told_in_the_order_of_its_writing_over_both_tables_whatever_the_clock_showed) {
  EXPECT_THAT(told(), IsEmpty());
  status("one", "pending");
  step("one", "a");
  status("two", "pending");
  step("one", "b");
  step("two", "c");
  status("one", "available");
  const std::vector<std::string> all = {"one status pending", "one step a", "two status pending",
                                        "one step b",         "two step c", "one status available"};
  for (const int limit : {1, 2, 3, 100}) EXPECT_EQ(told({}, limit), all) << limit;
  EXPECT_THAT(told({}, 1, "env-two"), ElementsAre("two status pending", "two step c"));
}

TEST_P(Happened, from_any_place_on_nothing_is_left_out_or_told_twice) {
  for (int i = 0; i < 3; ++i) {
    step("one", "a");
    status("one", "b");
    status("two", "c");
  }
  const auto upto = last_event(database->reader()).value();
  const auto all = events_after(database->reader(), {}, upto, {}, 100).value().rows;
  ASSERT_EQ(all.size(), 9u);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(told(all[i].place, 2).size(), all.size() - i - 1);
}

}  // namespace
}  // namespace slipway::storage
