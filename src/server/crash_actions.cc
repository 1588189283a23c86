#include "server/crash_actions.h"

#include <fmt/format.h>

#include "storage/executions.h"

namespace slipway::server {

namespace {

using workflow::StepContext;

class CrashAction final : public workflow::Action {
 public:
  CrashAction(workflow::Action& inner, net::Runtime& runtime, storage::Database& database, CrashPoints& points)
      : inner_(inner), runtime_(runtime), database_(database), points_(points) {}

  workflow::EffectClass effect_class(const boost::json::object& inputs) const override {
    return inner_.effect_class(inputs);
  }
  Inputs inputs() const override { return inner_.inputs(); }
  std::vector<InputProblem> check(const boost::json::object& inputs) const override { return inner_.check(inputs); }
  std::string refusal(const boost::json::object& inputs) const override { return inner_.refusal(inputs); }
  std::vector<std::string_view> outputs() const override { return inner_.outputs(); }
  bool selects_outputs() const override { return inner_.selects_outputs(); }
  std::chrono::seconds default_timeout() const override { return inner_.default_timeout(); }

  net::Task<boost::json::object> run(StepContext context, boost::json::object inputs) override {
    const auto execution = storage::find_execution(database_.reader(), context.execution_id);
    // What is no durable execution (a connection is made in memory) has nothing to go on with after a crash.
    if (!execution || !*execution) co_return co_await inner_.run(std::move(context), std::move(inputs));
    const auto id = context.execution_id.str();
    const auto step = context.step;
    const auto call = fmt::format("{} {}", (*execution)->kind, step);
    struct InCall {
      InCall(CrashPoints& given, const std::string& call) : points(given) { points.enter_call(call); }
      ~InCall() { points.leave_call(); }
      CrashPoints& points;
    } in_call(points_, call);
    points_.pass(call + ": before the call", id, step);
    // Runs as soon as the call lets the loop go on.
    const auto answered = std::make_shared<bool>(false);
    runtime_.post([this, call, id, step, answered] {
      if (!*answered) points_.pass(call + ": in the call", id, step);
    });
    auto answer = co_await inner_.run(std::move(context), std::move(inputs));
    *answered = true;
    points_.pass(call + ": after the call", id, step);
    co_return answer;
  }

 private:
  workflow::Action& inner_;
  net::Runtime& runtime_;
  storage::Database& database_;
  CrashPoints& points_;
};

}  // namespace

workflow::ActionRegistry with_crash_points(const workflow::ActionRegistry& actions, net::Runtime& runtime,
                                           storage::Database& database, CrashPoints& points) {
  workflow::ActionRegistry watched;
  for (const auto& name : actions.names()) {
    watched.add(name, std::make_unique<CrashAction>(*actions.find(name), runtime, database, points));
  }
  return watched;
}

}  // namespace slipway::server
