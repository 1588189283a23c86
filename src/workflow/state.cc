#include "workflow/state.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>

namespace slipway::workflow {

namespace json = boost::json;

namespace {

constexpr std::pair<Status, std::string_view> kStatuses[] = {
    {Status::pending, "Pending"},       {Status::in_progress, "InProgress"}, {Status::waiting, "Waiting"},
    {Status::cancelling, "Cancelling"}, {Status::success, "Success"},        {Status::timed_out, "TimedOut"},
    {Status::cancelled, "Cancelled"},   {Status::failed, "Failed"},
};
constexpr std::pair<Waiting, std::string_view> kWaits[] = {
    {Waiting::nothing, ""},    {Waiting::sleep, "sleep"},
    {Waiting::retry, "retry"}, {Waiting::unknown_outcome, "unknown outcome"},
    {Waiting::pause, "pause"}, {Waiting::approval, "approval"},
    {Waiting::child, "child"},
};

template <class Key, std::size_t N>
std::optional<Key> key_of(const std::pair<Key, std::string_view> (&table)[N], std::string_view text) {
  const auto found = std::ranges::find(table, text, &std::pair<Key, std::string_view>::second);
  return found == std::end(table) ? std::nullopt : std::optional(found->first);
}

template <class Key, std::size_t N>
std::string_view name_of(const std::pair<Key, std::string_view> (&table)[N], Key key) {
  return std::ranges::find(table, key, &std::pair<Key, std::string_view>::first)->second;
}

std::int64_t number(base::Time time) {
  return time.time_since_epoch().count();
}
base::Time time_of(const json::value& value) {
  return base::Time(std::chrono::milliseconds(value.as_int64()));
}
int int_of(const json::value& value) {
  return static_cast<int>(value.as_int64());
}
std::string text_of(const json::value& value) {
  return json::value_to<std::string>(value);
}

json::value failure_json(const std::optional<Failure>& failure) {
  if (!failure) return nullptr;
  return json::object{{"step", failure->step},
                      {"code", failure->code},
                      {"message", failure->message},
                      {"evidence", json::array(failure->evidence.begin(), failure->evidence.end())}};
}

json::object loop_json(const LoopPosition& loop) {
  return {{"step", loop.step},
          {"visit", loop.visit},
          {"iteration", loop.iteration},
          {"entered_at", number(loop.entered_at)},
          {"deadline", number(loop.deadline)},
          {"leaving", loop.leaving}};
}

LoopPosition loop_of(const json::value& loop) {
  return {.step = text_of(loop.at("step")),
          .visit = int_of(loop.at("visit")),
          .iteration = int_of(loop.at("iteration")),
          .entered_at = time_of(loop.at("entered_at")),
          .deadline = time_of(loop.at("deadline"))};
}

// What is rare stands there only where it is: this is written with every move.
std::string progress_text(const State& state) {
  json::object steps;
  for (const auto& [name, record] : state.steps) steps[name] = {record.visit, to_string(record.status)};
  const auto& at = state.at;
  json::object progress{
      {"at",
       {{"step", at.step},
        {"visit", at.visit},
        {"attempt", at.attempt},
        {"generation", at.generation},
        {"sends", at.sends},
        {"takeovers", at.takeovers},
        {"entered_at", number(at.entered_at)},
        {"deadline", number(at.deadline)},
        {"first_sent", number(at.first_sent)}}},
      {"waiting", name_of(kWaits, state.waiting)},
      {"wake_at", number(state.wake_at)},
      {"cancel_limit", number(state.cancel_limit)},
      {"steps", std::move(steps)},
      {"failure", failure_json(state.failure)},
  };
  if (at.in_doubt) progress["in_doubt"] = true;
  if (state.critical) progress["critical"] = to_string(*state.critical);
  if (state.loop) progress["loop"] = loop_json(*state.loop);
  if (!state.child.empty()) progress["child"] = {{"id", state.child}, {"cancelled", state.child_cancelled}};
  return json::serialize(progress);
}

void read_rare(const json::object& progress, State& state) {
  state.at.in_doubt = progress.contains("in_doubt");
  if (const auto* critical = progress.if_contains("critical")) state.critical = status_from(critical->as_string());
  if (const auto* loop = progress.if_contains("loop")) {
    state.loop = loop_of(*loop);
    // Absent in rows of the first builds that had loops: there a cancellation left every loop.
    const auto* leaving = loop->as_object().if_contains("leaving");
    state.loop->leaving = leaving == nullptr ? state.status == Status::cancelling : leaving->as_bool();
  }
  if (const auto* child = progress.if_contains("child")) {
    state.child = text_of(child->at("id"));
    state.child_cancelled = child->at("cancelled").as_bool();
  }
}

void parse_progress(const json::value& progress, State& state) {
  const auto& at = progress.at("at");
  state.at = {.step = text_of(at.at("step")),
              .visit = int_of(at.at("visit")),
              .attempt = int_of(at.at("attempt")),
              .generation = int_of(at.at("generation")),
              .sends = int_of(at.at("sends")),
              .entered_at = time_of(at.at("entered_at")),
              .deadline = time_of(at.at("deadline")),
              .first_sent = time_of(at.at("first_sent"))};
  // Absent in rows of the first release.
  if (const auto* takeovers = at.as_object().if_contains("takeovers")) state.at.takeovers = int_of(*takeovers);
  state.waiting = key_of(kWaits, progress.at("waiting").as_string()).value();
  state.wake_at = time_of(progress.at("wake_at"));
  state.cancel_limit = time_of(progress.at("cancel_limit"));
  for (const auto& [name, record] : progress.at("steps").as_object()) {
    state.steps[name] = {int_of(record.at(0)), status_from(record.at(1).as_string()).value()};
  }
  read_rare(progress.as_object(), state);
  const auto& failure = progress.at("failure");
  if (failure.is_null()) return;
  state.failure = Failure{text_of(failure.at("step")), text_of(failure.at("code")), text_of(failure.at("message")),
                          json::value_to<std::vector<std::string>>(failure.at("evidence"))};
}

std::string values_text(const State& state, const Identity& identity) {
  json::object values{
      {"parameters", state.parameters},
      {"variables", state.variables},
      {"outputs", state.outputs},
      {"iterators", state.iterators},
      {"target",
       {{"environment", identity.environment_name},
        {"region", identity.region},
        {"account", identity.account_id},
        {"partition", identity.partition},
        {"depth", identity.depth}}},
  };
  if (!state.secrets.empty()) values["secrets"] = json::array(state.secrets.begin(), state.secrets.end());
  return json::serialize(values);
}

std::string owner_of(const storage::ExecutionRow& row) {
  return fmt::format("the values of execution {}", row.id.str());
}

base::Error unreadable(const storage::ExecutionRow& row, const std::exception& error) {
  return base::internal(fmt::format("execution {} cannot be read: {}", row.id.str(), error.what()));
}

void read_values(const json::object& values, State& state) {
  state.parameters = values.at("parameters").as_object();
  state.outputs = values.at("outputs").as_object();
  // Absent in rows of the first release.
  if (const auto* variables = values.if_contains("variables")) state.variables = variables->as_object();
  if (const auto* iterators = values.if_contains("iterators")) state.iterators = iterators->as_array();
  if (const auto* secrets = values.if_contains("secrets")) state.secrets = json::value_to<Secrets>(*secrets);
}

}  // namespace

std::string_view to_string(Status status) {
  return name_of(kStatuses, status);
}
std::optional<Status> status_from(std::string_view text) {
  return key_of(kStatuses, text);
}
std::string_view step_name(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}
bool is_final(Status status) {
  return status > Status::cancelling;
}

base::Result<State> read_progress(const storage::ExecutionRow& row) {
  try {
    State state;
    state.status = status_from(row.state).value();
    parse_progress(json::parse(row.progress), state);
    if (row.cancel_at)
      state.cancel = CancelRequest{*row.cancel_at, row.cancel_by, row.cancel_kind == storage::kComplete};
    return state;
  } catch (const std::exception& error) {
    return unreadable(row, error);
  }
}

base::Result<Execution> read_row(storage::ExecutionRow row, const storage::Sealing& sealing) {
  Execution execution;
  execution.state = TRY(read_progress(row));
  const auto text = TRY(storage::from_column(std::move(row.vals), owner_of(row), sealing));
  row.vals.clear();
  try {
    const auto values = json::parse(text);
    const auto& target = values.at("target");
    execution.identity = {.installation_id = {},
                          .execution_id = row.id,
                          .environment_id = row.environment_id,
                          .environment_name = text_of(target.at("environment")),
                          .region = text_of(target.at("region")),
                          .account_id = text_of(target.at("account")),
                          .partition = text_of(target.at("partition")),
                          .correlation_id = row.correlation_id};
    if (const auto* depth = target.as_object().if_contains("depth")) execution.identity.depth = int_of(*depth);
    read_values(values.as_object(), execution.state);
  } catch (const std::exception& error) {
    return unreadable(row, error);
  }
  execution.row = std::move(row);
  return execution;
}

void write_row(const State& state, const Identity& identity, base::Time now, bool with_values,
               storage::ExecutionRow& row, const storage::Sealing& sealing) {
  row.state = to_string(state.status);
  row.cursor = state.at.step;
  row.visit = state.at.visit;
  row.attempt = state.at.attempt;
  row.generation = state.at.generation;
  row.wake_at = state.wake_at == base::Time{} ? std::nullopt : std::optional(state.wake_at);
  row.deadline = state.in_flight() ? std::optional(state.at.deadline) : std::nullopt;
  row.progress = progress_text(state);
  if (with_values) {
    row.vals = storage::to_column(values_text(state, identity), !state.secrets.empty(), owner_of(row), sealing);
  }
  row.failure_code = state.failure ? state.failure->code : "";
  row.failure_text = state.failure ? state.failure->message : "";
  if (!row.started_at && state.status != Status::pending) row.started_at = now;
  if (!row.ended_at && state.ended()) row.ended_at = now;
}

}  // namespace slipway::workflow
