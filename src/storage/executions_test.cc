// Conformance of a store: executions, their guarded moves, journal, effects, documents.

#include "storage/executions.h"

#include "storage/documents.h"
#include "storage/environments.h"
#include "storage/installation.h"
#include "storage/listings.h"
#include "storage/store_fixture.h"

namespace slipway::storage {
namespace {

using base::EnvironmentId;
using base::ErrorKind;
using base::ExecutionId;
using base::Result;
using testing::ElementsAre;
using testing::IsEmpty;

base::Time at(int milliseconds) {
  return base::Time(std::chrono::milliseconds(milliseconds));
}

JournalRow entry(std::string kind) {
  JournalRow row;
  row.kind = std::move(kind);
  return row;
}

EffectRow effect(std::string step, std::string state) {
  EffectRow row;
  row.step = std::move(step);
  row.visit = 1;
  row.token = "token-of-" + row.step;
  row.state = std::move(state);
  return row;
}

struct Executions : Store {
  Executions() {
    for (const auto* id : {"env-1", "env-2", "env-3", "env-4"}) {
      EnvironmentRow row;
      row.id = EnvironmentId(id);
      row.name = id;
      auto insert = [row](Connection& connection) { return insert_environment(connection, row); };
      write(insert).value();
    }
    write([this](Connection& connection) -> Result<void> {
      document = TRY(ensure_document(connection, "launch", "mainSteps: []", 1, at(1)));
      return {};
    }).value();
  }

  ExecutionRow execution(std::string id, std::string environment_id) {
    ExecutionRow row;
    row.id = ExecutionId(std::move(id));
    row.environment_id = EnvironmentId(std::move(environment_id));
    row.document_name = "launch";
    row.document_version = document;
    row.kind = "launch";
    row.state = "InProgress";
    row.cursor = "First";
    return row;
  }
  Result<void> insert(ExecutionRow row, std::vector<JournalRow> journal = {}) {
    return write([=](Connection& connection) { return insert_execution(connection, row, journal); });
  }
  Moved move(Move move) {
    auto moved = Moved::lost;
    auto work = [&](Connection& connection) -> Result<void> {
      moved = TRY(move_execution(connection, move));
      return {};
    };
    write(work).value();
    return moved;
  }
  bool cancel(std::string id, int when) {
    bool accepted = false;
    auto work = [&](Connection& connection) -> Result<void> {
      accepted = TRY(request_cancel(connection, ExecutionId(id), "ann", at(when)));
      return {};
    };
    write(work).value();
    return accepted;
  }
  ExecutionRow stored(std::string id) {
    return find_execution(database->reader(), ExecutionId(std::move(id))).value().value();
  }
  std::vector<JournalRow> journal(std::string id) {
    return journal_of(database->reader(), ExecutionId(std::move(id)), 0, 100).value();
  }
  std::vector<std::string> kinds(std::string id) {
    std::vector<std::string> all;
    for (const auto& row : journal(std::move(id))) all.push_back(row.kind);
    return all;
  }
  // An inserted execution, and the move of it that ends its current step.
  Move first_move() {
    insert(execution("e-1", "env-1")).value();
    Move first;
    first.next = stored("e-1");
    first.next.cursor = "Second";
    first.journal = {entry("Outcome"), entry("Entered")};
    first.effects = {effect("First", "known_ok"), effect("Second", "intent")};
    return first;
  }

  std::int64_t document = 0;
};

TEST_P(Executions, every_column_comes_back_as_it_was_written) {
  auto row = execution("e-1", "env-1");
  row.correlation_id = "c-1";
  row.created_at = at(1);
  row.visit = 2;
  row.attempt = 3;
  row.generation = 4;
  row.wake_at = at(5);
  row.deadline = at(6);
  row.vals = R"({"a":1})";
  row.failure_code = "X";
  row.failure_text = "why";
  row.started_at = at(7);
  row.seq = 8;
  row.fence = 9;
  row.cancel_at = at(10);
  row.cancel_by = "ann";
  ASSERT_TRUE(insert(row));
  const auto back = stored("e-1");
  EXPECT_EQ(back.environment_id, row.environment_id);
  EXPECT_EQ(back.document_name, "launch");
  EXPECT_EQ(back.document_version, document);
  EXPECT_EQ(back.kind, "launch");
  EXPECT_EQ(back.correlation_id, "c-1");
  EXPECT_EQ(back.created_at, at(1));
  EXPECT_EQ(back.state, "InProgress");
  EXPECT_EQ(back.cursor, "First");
  EXPECT_EQ(back.visit, 2);
  EXPECT_EQ(back.attempt, 3);
  EXPECT_EQ(back.generation, 4);
  EXPECT_EQ(back.wake_at, at(5));
  EXPECT_EQ(back.deadline, at(6));
  EXPECT_EQ(back.vals, R"({"a":1})");
  EXPECT_EQ(back.failure_code, "X");
  EXPECT_EQ(back.failure_text, "why");
  EXPECT_EQ(back.started_at, at(7));
  EXPECT_EQ(back.ended_at, std::nullopt);
  EXPECT_EQ(back.seq, 8);
  EXPECT_EQ(back.fence, 9);
  EXPECT_EQ(back.cancel_at, at(10));
  EXPECT_EQ(back.cancel_by, "ann");
}

TEST_P(Executions, a_move_writes_state_journal_and_effects_together) {
  auto first = first_move();
  first.next.state = "Waiting";
  first.next.visit = 1;
  first.next.attempt = 2;
  first.next.generation = 3;
  first.next.wake_at = at(4);
  first.next.deadline = at(5);
  first.next.vals = R"({"out":1})";
  first.next.failure_code = "X";
  first.next.failure_text = "why";
  first.next.started_at = at(6);
  first.journal[0].step = "First";
  first.journal[0].visit = 1;
  first.journal[0].attempt = 2;
  first.journal[0].at = at(7);
  first.journal[0].payload = R"({"p":1})";
  ASSERT_EQ(move(first), Moved::yes);

  const auto back = stored("e-1");
  EXPECT_EQ(back.state, "Waiting");
  EXPECT_EQ(back.cursor, "Second");
  EXPECT_EQ(back.visit, 1);
  EXPECT_EQ(back.attempt, 2);
  EXPECT_EQ(back.generation, 3);
  EXPECT_EQ(back.wake_at, at(4));
  EXPECT_EQ(back.deadline, at(5));
  EXPECT_EQ(back.vals, R"({"out":1})");
  EXPECT_EQ(back.failure_code, "X");
  EXPECT_EQ(back.failure_text, "why");
  EXPECT_EQ(back.started_at, at(6));
  EXPECT_EQ(back.seq, 1);
  EXPECT_EQ(back.fence, 1);

  const auto rows = journal("e-1");
  ASSERT_THAT(kinds("e-1"), ElementsAre("Outcome", "Entered"));
  EXPECT_EQ(rows[0].execution_id.str(), "e-1");
  EXPECT_EQ(rows[0].seq, 1);
  EXPECT_EQ(rows[0].fence, 1);
  EXPECT_EQ(rows[0].step, "First");
  EXPECT_EQ(rows[0].visit, 1);
  EXPECT_EQ(rows[0].attempt, 2);
  EXPECT_EQ(rows[0].at, at(7));
  EXPECT_EQ(rows[0].payload, R"({"p":1})");
  EXPECT_LT(rows[0].jid, rows[1].jid);
  const auto later = journal_of(database->reader(), ExecutionId("e-1"), rows[0].jid, 100).value();
  ASSERT_EQ(later.size(), 1u);
  EXPECT_EQ(later[0].kind, "Entered");
  EXPECT_EQ(effects_of(database->reader(), ExecutionId("e-1")).value().size(), 2u);
}

TEST_P(Executions, a_move_made_twice_is_written_once) {
  const auto first = first_move();
  EXPECT_EQ(move(first), Moved::yes);
  EXPECT_EQ(move(first), Moved::lost);
  EXPECT_THAT(kinds("e-1"), ElementsAre("Outcome", "Entered"));
  EXPECT_EQ(stored("e-1").seq, 1);
}

TEST_P(Executions, a_move_with_another_fence_or_of_an_unknown_execution_is_lost_and_writes_nothing) {
  auto move_of = first_move();
  move_of.next.fence = 2;
  EXPECT_EQ(move(move_of), Moved::lost);
  move_of.next.fence = 1;
  move_of.next.id = ExecutionId("e-2");
  EXPECT_EQ(move(move_of), Moved::lost);
  EXPECT_EQ(stored("e-1").cursor, "First");
  EXPECT_THAT(journal("e-1"), IsEmpty());
  EXPECT_THAT(effects_of(database->reader(), ExecutionId("e-1")).value(), IsEmpty());
}

TEST_P(Executions, an_ended_execution_never_changes) {
  auto last = first_move();
  last.next.state = "Success";
  last.next.ended_at = at(9);
  ASSERT_EQ(move(last), Moved::yes);
  auto more = last;
  more.next = stored("e-1");
  more.ignore_cancel = true;
  EXPECT_EQ(move(more), Moved::lost);
  EXPECT_FALSE(cancel("e-1", 10));
  EXPECT_EQ(stored("e-1").cancel_at, std::nullopt);
  EXPECT_EQ(stored("e-1").seq, 1);
}

TEST_P(Executions, a_cancel_stops_moves_until_one_carries_it_out) {
  auto next = first_move();
  ASSERT_TRUE(cancel("e-1", 5));
  EXPECT_EQ(move(next), Moved::cancelled);
  EXPECT_EQ(stored("e-1").wake_at, at(5));
  EXPECT_EQ(stored("e-1").cancel_by, "ann");
  next.ignore_cancel = true;
  EXPECT_EQ(move(next), Moved::yes);
  EXPECT_EQ(stored("e-1").cancel_at, at(5));
}

TEST_P(Executions, a_second_cancel_is_accepted_and_changes_nothing) {
  (void)first_move();
  EXPECT_TRUE(cancel("e-1", 5));
  EXPECT_TRUE(cancel("e-1", 6));
  EXPECT_EQ(stored("e-1").cancel_at, at(5));
  EXPECT_THAT(kinds("e-1"), ElementsAre("Cancel"));
  EXPECT_EQ(journal("e-1")[0].step, "First");
  EXPECT_FALSE(cancel("unknown", 5));
}

TEST_P(Executions, values_are_kept_where_a_move_does_not_change_them) {
  auto row = execution("e-1", "env-1");
  row.vals = R"({"kept":1})";
  ASSERT_TRUE(insert(row));
  Move next;
  next.next = stored("e-1");
  next.next.vals = R"({"ignored":1})";
  next.vals_changed = false;
  ASSERT_EQ(move(next), Moved::yes);
  EXPECT_EQ(stored("e-1").vals, R"({"kept":1})");
}

TEST_P(Executions, an_effect_keeps_its_token_and_takes_its_outcome) {
  auto first = first_move();
  ASSERT_EQ(move(first), Moved::yes);
  Move second;
  second.next = stored("e-1");
  auto known = effect("Second", "known_ok");
  known.token = "another";
  known.sends = 2;
  known.first_sent = at(1);
  known.last_sent = at(2);
  known.outcome = R"({"id":"i-1"})";
  second.effects = {known};
  ASSERT_EQ(move(second), Moved::yes);
  const auto effects = effects_of(database->reader(), ExecutionId("e-1")).value();
  ASSERT_EQ(effects.size(), 2u);
  EXPECT_EQ(effects[0].step, "First");
  EXPECT_EQ(effects[1].execution_id.str(), "e-1");
  EXPECT_EQ(effects[1].state, "known_ok");
  EXPECT_EQ(effects[1].token, "token-of-Second");
  EXPECT_EQ(effects[1].sends, 2);
  EXPECT_EQ(effects[1].first_sent, at(1));
  EXPECT_EQ(effects[1].last_sent, at(2));
  EXPECT_EQ(effects[1].outcome, R"({"id":"i-1"})");
}

TEST_P(Executions, an_environment_has_one_active_execution_at_a_time) {
  ASSERT_TRUE(insert(execution("e-1", "env-1")));
  EXPECT_EQ(kind(insert(execution("e-2", "env-1"), {entry("Entered")})), ErrorKind::conflict);
  EXPECT_THAT(journal("e-2"), IsEmpty());
  EXPECT_TRUE(insert(execution("e-3", "env-2")));

  Move last;
  last.next = stored("e-1");
  last.next.ended_at = at(9);
  ASSERT_EQ(move(last), Moved::yes);
  EXPECT_EQ(find_active_execution(database->reader(), EnvironmentId("env-1")).value(), std::nullopt);
  ASSERT_TRUE(insert(execution("e-4", "env-1"), {entry("Entered")}));
  EXPECT_EQ(find_active_execution(database->reader(), EnvironmentId("env-1")).value()->id.str(), "e-4");
  EXPECT_THAT(kinds("e-4"), ElementsAre("Entered"));

  const auto history = executions_of(database->reader(), EnvironmentId("env-1"), 10).value();
  ASSERT_EQ(history.size(), 2u);
  EXPECT_EQ(history[0].id.str(), "e-4");
  EXPECT_EQ(history[1].id.str(), "e-1");
}

TEST_P(Executions, an_execution_needs_its_environment_and_its_document) {
  EXPECT_EQ(kind(insert(execution("e-1", "env-unknown"))), ErrorKind::conflict);
  auto row = execution("e-1", "env-1");
  row.document_version = 99;
  EXPECT_EQ(kind(insert(row)), ErrorKind::conflict);
}

TEST_P(Executions, active_ones_come_soonest_first_and_ended_ones_not_at_all) {
  const std::vector<std::optional<base::Time>> wakes = {at(30), std::nullopt, at(10), at(5)};
  for (int i = 0; i < 4; ++i) {
    auto row = execution("e-" + std::to_string(i), "env-" + std::to_string(i + 1));
    row.wake_at = wakes[static_cast<std::size_t>(i)];
    if (i == 3) row.ended_at = at(5);
    ASSERT_TRUE(insert(row));
  }
  std::vector<std::string> due;
  ASSERT_TRUE(each_due_execution(database->reader(), at(20), [&](Due found) {
    due.push_back(found.id.str());
    EXPECT_EQ(found.wake_at, stored(found.id.str()).wake_at);
    EXPECT_EQ(found.state, stored(found.id.str()).state);
    EXPECT_EQ(found.kind, stored(found.id.str()).kind);
  }));
  EXPECT_THAT(due, ElementsAre("e-1", "e-2"));
  std::vector<std::string> later;
  ASSERT_TRUE(each_later_execution(database->reader(), at(20), [&](Due found) {
    later.push_back(found.id.str());
    EXPECT_EQ(found.wake_at, stored(found.id.str()).wake_at);
  }));
  EXPECT_THAT(later, ElementsAre("e-0"));
}

TEST_P(Executions, those_that_are_due_later_are_read_from_the_index_alone) {
  std::string plan;
  ASSERT_TRUE(database->reader().query(
      "EXPLAIN QUERY PLAN SELECT id, wake_at FROM execution WHERE ended_at IS NULL AND wake_at > ? ORDER BY wake_at, "
      "id",
      {std::int64_t{1}}, [&](const Row& row) { plan += row.text(3); }));
  EXPECT_EQ(plan, "SEARCH execution USING COVERING INDEX execution_due (wake_at>?)");
}

TEST_P(Executions, a_page_of_one_state_reads_what_is_in_it_and_what_has_not_ended) {
  for (const auto* id : {"e-1", "e-2", "e-3"}) {
    auto row = execution(id, "env-" + std::string(id).substr(2));
    if (row.id.str() != "e-2") {
      row.state = "Failed";
      row.ended_at = at(5);
    }
    insert(row).value();
  }
  ExplainingConnection connection(database->reader());
  const auto page = [&](std::string state, std::string before, int limit) {
    std::vector<std::string> ids;
    const auto rows =
        list_executions(connection, {.environment_id = {}, .state = std::move(state)}, ExecutionId(before), limit);
    for (const auto& row : *rows) ids.push_back(row.id.str());
    return ids;
  };
  EXPECT_THAT(page("Failed", "", 10), ElementsAre("e-3", "e-1"));
  EXPECT_THAT(connection.plan, testing::Contains("SEARCH x USING INDEX execution_ended (state=? AND id<?)"));
  EXPECT_THAT(connection.plan, testing::Contains("SCAN execution USING COVERING INDEX execution_due"));
  EXPECT_THAT(connection.plan, testing::Not(testing::Contains("USE TEMP B-TREE FOR ORDER BY")));
  EXPECT_THAT(page("Failed", "", 1), ElementsAre("e-3"));
  EXPECT_THAT(page("Failed", "e-3", 10), ElementsAre("e-1"));
  EXPECT_THAT(page("InProgress", "", 10), ElementsAre("e-2"));
  EXPECT_THAT(page("Waiting", "", 10), IsEmpty());
  EXPECT_THAT(page("", "", 10), ElementsAre("e-3", "e-2", "e-1"));
}

TEST_P(Executions, children_stand_beside_the_one_active_execution) {
  ASSERT_TRUE(insert(execution("e-1", "env-1")));
  auto child = execution("e-2", "env-1");
  child.parent_id = "e-1";
  child.retry_of = "e-0";
  ASSERT_TRUE(insert(child));
  EXPECT_EQ(stored("e-2").parent_id, "e-1");
  EXPECT_EQ(stored("e-2").retry_of, "e-0");
  EXPECT_EQ(find_active_execution(database->reader(), EnvironmentId("env-1")).value()->id.str(), "e-1");

  Move stale;
  stale.next = stored("e-1");
  JournalRow ended;
  ended.kind = "ChildEnded";
  ended.at = at(7);
  ASSERT_TRUE(
      write([&](Connection& connection) { return tell_parent(connection, base::ExecutionId("e-1"), ended, at(7)); }));
  EXPECT_EQ(stored("e-1").wake_at, at(7));
  EXPECT_EQ(stored("e-1").seq, 1);
  EXPECT_EQ(journal("e-1").back().seq, 1);
  EXPECT_EQ(move(stale), Moved::lost) << "it did not know that the child has ended";
}

TEST_P(Executions, complete_becomes_a_cancel_and_a_cancel_stays) {
  ASSERT_TRUE(insert(execution("e-1", "env-1")));
  const auto ask = [&](std::string_view kind, int time) {
    ASSERT_TRUE(write([&](Connection& connection) -> Result<void> {
      EXPECT_TRUE(TRY(request_cancel(connection, base::ExecutionId("e-1"), "me", at(time), kind)));
      return {};
    }));
  };
  ask(kComplete, 5);
  EXPECT_EQ(stored("e-1").cancel_kind, kComplete);
  Move knows;
  knows.next = stored("e-1");
  knows.ignore_complete = true;
  EXPECT_EQ(move(knows), Moved::yes);
  ask("", 6);
  EXPECT_EQ(stored("e-1").cancel_kind, "");
  EXPECT_EQ(stored("e-1").cancel_at, at(6));
  ask(kComplete, 7);
  EXPECT_EQ(stored("e-1").cancel_at, at(6));
  knows.next = stored("e-1");
  EXPECT_EQ(move(knows), Moved::cancelled);
}

TEST_P(Executions, a_document_gets_a_new_version_only_for_new_content_or_semantics) {
  auto ensure = [this](std::string name, std::string content, int semantics) {
    std::int64_t version = 0;
    write([&](Connection& connection) -> Result<void> {
      version = TRY(ensure_document(connection, name, content, semantics, at(3)));
      return {};
    }).value();
    return version;
  };
  EXPECT_EQ(ensure("stop", "a", 1), 1);
  EXPECT_EQ(ensure("stop", "b", 1), 2);
  EXPECT_EQ(ensure("stop", "a", 1), 1);
  EXPECT_EQ(ensure("stop", "a", 2), 3);
  EXPECT_EQ(ensure("start", "a", 1), 1);
  const auto row = find_document(database->reader(), "stop", 2).value().value();
  EXPECT_EQ(row.content, "b");
  EXPECT_EQ(row.sha256, base::sha256_hex("b"));
  EXPECT_EQ(row.semantics, 1);
  EXPECT_EQ(row.created_at, at(3));
  EXPECT_EQ(find_document(database->reader(), "stop", 4).value(), std::nullopt);
}

TEST_P(Executions, the_installation_id_stays_and_differs_from_another_installation) {
  const auto id = installation_id(database->reader()).value();
  EXPECT_THAT(id, testing::MatchesRegex("[0-9a-f]{32}"));
  reopen();
  EXPECT_EQ(installation_id(database->reader()).value(), id);
  TemporaryFolder other;
  const auto second = GetParam().open(runtime, other.path());
  EXPECT_NE(installation_id(second->reader()).value(), id);
}

INSTANTIATE_TEST_SUITE_P(Stores, Executions, testing::ValuesIn(stores()), store_name);

}  // namespace
}  // namespace slipway::storage
