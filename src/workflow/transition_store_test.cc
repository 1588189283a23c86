// The transition function and the store in a plain loop, without an event loop: a broker that ends after any number of
// commits, and another that goes on from what is stored. What must hold of every database (I2, I4, I5, I13, I14) holds
// at each end, and everything comes to its own end.

#include "storage/documents.h"
#include "storage/sqlite/migrate.h"
#include "workflow/engine_fixture.h"
#include "workflow/new_execution.h"
#include "workflow/plan_fixture.h"

namespace slipway::workflow {
namespace {

namespace json = boost::json;
using testing::IsEmpty;
using Kind = Event::Kind;
using storage::sqlite::SqliteConnection;

const base::EnvironmentId kEnvironment("env-1");
const base::ExecutionId kParent("01890000-0000-7000-8000-000000000001");

// Everything that is no plain action, one after the other.
std::shared_ptr<const Plan> outer() {
  auto plan = std::make_shared<Plan>();
  plan->name = "test/outer";
  plan->content = "outer";
  plan->variables.push_back({.name = "Seen",
                             .type = Type::string,
                             .fallback = json::value("none"),
                             .allowed_values = {},
                             .allowed_pattern = {},
                             .bounds = {},
                             .sensitive = false});
  plan->steps = {step("Loop", Step::Kind::loop, {{"Iterators", {"a", "b"}}}, 1),
                 step("Ask", Step::Kind::approve, {{"Approvers", {"me"}}}, 2),
                 step("Run", Step::Kind::child, {{"DocumentName", "inner"}}, 3),
                 step("Last", Step::Kind::action, {{"Text", "{{ variable:Seen }}"}}, kEnd),
                 step("Work", Step::Kind::action, {}, 5),
                 step("Note", Step::Kind::update_variable,
                      {{"Name", "variable:Seen"}, {"Value", "{{ Loop.CurrentIteratorValue }}"}}, kEnd)};
  plan->steps[0].body = 4;
  plan->steps[4].parent = plan->steps[5].parent = 0;
  plan->steps[2].cancel_next = 3;
  return plan;
}

std::shared_ptr<const Plan> inner() {
  auto plan = std::make_shared<Plan>();
  plan->name = "test/inner";
  plan->content = "inner";
  plan->steps = {step("Sleep", Step::Kind::sleep, {{"Duration", "PT10S"}}, 1),
                 step("Inside", Step::Kind::action, {}, kEnd)};
  return plan;
}

// A broker that ends after `commits` of them.
class Broker {
 public:
  Broker(SqliteConnection& connection, int commits, base::Time now)
      : connection_(connection), left_(commits), now_(now) {}

  // False where it was ended.
  bool run() {
    std::vector<base::ExecutionId> active;
    const auto remember = [&](const storage::Due& due) { active.push_back(due.id); };
    EXPECT_TRUE(storage::each_due_execution(connection_, now_, remember));
    EXPECT_TRUE(storage::each_later_execution(connection_, now_, remember));
    for (const auto& id : active) events_.emplace_back(id, event(Kind::resume));
    while (!events_.empty()) {
      const auto [id, next] = std::move(events_.front());
      events_.erase(events_.begin());
      if (!move(id, next)) return false;
    }
    return true;
  }

 private:
  Event event(Kind kind) const {
    Event made;
    made.kind = kind;
    return made;
  }

  std::optional<Event> end_of_child(const State& state) {
    if (state.waiting != Waiting::child) return std::nullopt;
    const auto row = *storage::find_execution(connection_, base::ExecutionId(state.child));
    if (!row->ended_at) return std::nullopt;
    auto ended = event(Kind::child_ended);
    ended.child = {.id = state.child, .status = *status_from(row->state), .outputs = {}, .reason = {}};
    return ended;
  }

  bool move(const base::ExecutionId& id, Event given) {
    auto row = *storage::find_execution(connection_, id);
    if (row->ended_at) return true;
    const auto plan = row->document_name == "test/outer" ? outer() : inner();
    auto execution = *read_row(std::move(*row));
    if (auto ended = end_of_child(execution.state)) given = *ended;
    given.now = now_;
    const auto next = transition(*plan, execution.identity, execution.state, given, documents_);
    if (next.changed()) {
      if (left_-- == 0) return false;
      commit(execution, next);
    }
    follow(id, execution, next);
    return true;
  }

  void commit(const Execution& execution, const Transition& next) {
    storage::Move move;
    move.next = execution.row;
    write_row(next.state, execution.identity, now_, next.values_changed, move.next);
    move.vals_changed = next.values_changed;
    move.ignore_cancel = next.state.cancel.has_value();
    move.journal = next.journal;
    move.effects = next.effects;
    ASSERT_TRUE(connection_.execute("BEGIN IMMEDIATE", {}));
    ASSERT_EQ(*storage::move_execution(connection_, move), storage::Moved::yes);
    if (next.child) ASSERT_TRUE(lay_out_child(execution, *next.child, now_, storage::no_sealing()).write(connection_));
    if (next.cancel_child) ASSERT_TRUE(storage::request_cancel(connection_, *next.cancel_child, "me", now_));
    if (next.state.ended() && !execution.row.parent_id.empty()) {
      storage::JournalRow told;
      told.kind = "ChildEnded";
      told.at = now_;
      ASSERT_TRUE(storage::tell_parent(connection_, base::ExecutionId(execution.row.parent_id), told, now_));
    }
    ASSERT_TRUE(connection_.execute("COMMIT", {}));
  }

  // What the world does next.
  void follow(const base::ExecutionId& id, const Execution& execution, const Transition& next) {
    if (next.child) events_.emplace_back(next.child->id, event(Kind::start));
    if (next.cancel_child) events_.emplace_back(*next.cancel_child, event(Kind::cancel));
    if (next.state.ended() && !execution.row.parent_id.empty()) {
      events_.emplace_back(base::ExecutionId(execution.row.parent_id), event(Kind::resume));
    }
    const auto& state = next.state;
    if (next.command.kind == Command::Kind::call) {
      auto answer = event(Kind::succeeded);
      answer.of = {state.at.step, state.at.visit, state.at.attempt};
      answer.outputs = {{"Id", state.at.step}};
      events_.emplace_back(id, answer);
    }
    if (next.command.kind != Command::Kind::wait) return;
    if (state.waiting == Waiting::approval) {
      auto said = event(Kind::signal);
      said.signal.by = "me";
      events_.emplace_back(id, said);
    } else if (state.waiting != Waiting::child) {
      now_ = std::max(now_, state.wake_at);
      events_.emplace_back(id, event(Kind::timer));
    }
  }

  SqliteConnection& connection_;
  int left_;
  base::Time now_;
  const FoundDocuments documents_{{"inner", inner()}};
  std::vector<std::pair<base::ExecutionId, Event>> events_;
};

struct Database {
  Database() {
    connection = std::move(*SqliteConnection::open(folder.path() / "db", SqliteConnection::Mode::writer));
    EXPECT_TRUE(storage::sqlite::migrate(*connection, folder.path() / "db", storage::migrations()));
    EXPECT_TRUE(storage::insert_environment(*connection, environment_row(kEnvironment)));
    const auto plan = outer();
    Execution execution;
    execution.state.variables = {{"Seen", "none"}};
    auto& row = execution.row;
    row.id = kParent;
    row.environment_id = kEnvironment;
    row.document_name = plan->name;
    row.document_version = *storage::ensure_document(*connection, plan->name, plan->content, kSemantics, {});
    row.kind = "launch";
    write_row(execution.state, execution.identity, {}, true, row);
    storage::JournalRow accepted;
    accepted.kind = "Accepted";
    EXPECT_TRUE(storage::insert_execution(*connection, row, {accepted}));
  }

  void check(bool over) {
    const auto rows = *storage::executions_of(*connection, kEnvironment, 10);
    std::set<std::string> started;  // I13: each child that the parent's journal names, and no other
    const auto journal = *storage::journal_of(*connection, kParent, 0, 1000);
    for (const auto& entry : journal) {
      const auto payload = json::parse(entry.payload);
      if (const auto* child = payload.as_object().if_contains("child")) {
        started.insert(std::string(child->as_string()));
      }
    }
    std::set<std::string> children;
    for (const auto& row : rows) {
      if (!row.parent_id.empty()) children.insert(row.id.str());
      auto broken = broken_invariants(*connection, row.id);
      // The parent of a child that was told to end waits for that alone.
      if (!over && row.cancel_at)
        std::erase_if(broken, [](const std::string& text) { return text.starts_with("I14"); });
      EXPECT_THAT(broken, IsEmpty());
      if (over) EXPECT_TRUE(row.ended_at) << row.id.str() << " " << row.state << " " << row.cursor;
    }
    EXPECT_EQ(children, started);
    EXPECT_LE(children.size(), 1u);
  }

  TemporaryFolder folder;
  std::unique_ptr<SqliteConnection> connection;
};

const base::Time kBirth(std::chrono::milliseconds(1'700'000'000'000));

TEST(TransitionAndStore, survive_an_end_between_any_two_commits) {
  for (int first = 0;; ++first) {
    SCOPED_TRACE(fmt::format("ended after {} commits", first));
    Database database;
    const bool whole = Broker(*database.connection, first, kBirth).run();
    database.check(whole);
    for (int second = 0; !Broker(*database.connection, second, kBirth + std::chrono::seconds(second)).run(); ++second) {
      database.check(false);
      ASSERT_LT(second, 50) << "it never comes to its end";
    }
    database.check(true);
    EXPECT_EQ((*storage::find_execution(*database.connection, kParent))->state, "Success");
    if (whole || testing::Test::HasFailure()) break;
    ASSERT_LT(first, 100);
  }
}

TEST(TransitionAndStore, survive_it_with_a_cancellation_at_every_point) {
  for (int first = 0;; ++first) {
    SCOPED_TRACE(fmt::format("cancelled after {} commits", first));
    Database database;
    if (Broker(*database.connection, first, kBirth).run()) break;
    ASSERT_TRUE(storage::request_cancel(*database.connection, kParent, "me", kBirth));
    for (int second = 0; !Broker(*database.connection, second, kBirth + std::chrono::seconds(second)).run(); ++second) {
      database.check(false);
      ASSERT_LT(second, 50) << "it never comes to its end";
    }
    database.check(true);
    EXPECT_EQ((*storage::find_execution(*database.connection, kParent))->state, "Cancelled");
    if (testing::Test::HasFailure()) break;
    ASSERT_LT(first, 100);
  }
}

}  // namespace
}  // namespace slipway::workflow
