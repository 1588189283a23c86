#include "workflow/transient.h"

#include <fmt/format.h>

#include "net/deadline.h"
#include "workflow/answer.h"
#include "workflow/parameters.h"
#include "workflow/transition.h"

namespace slipway::workflow {

namespace json = boost::json;

namespace {

bool leaves_nothing(EffectClass effect) {
  return effect == EffectClass::read || effect == EffectClass::natural || effect == EffectClass::local;
}

// What became of it, as an error in the words of the step that failed.
base::Error failure_of(const State& state, const std::optional<base::Error>& last) {
  if (last) return *last;
  if (!state.failure) return base::internal(fmt::format("the document ended as {}", to_string(state.status)));
  auto error = base::unavailable(state.failure->message, state.failure->code);
  error.evidence = state.failure->evidence;
  return error;
}

net::Task<json::object> run(const base::Clock& clock, const ActionRegistry& actions, TransientRequest request,
                            base::Time deadline) {
  Event event;
  event.kind = Event::Kind::start;
  event.now = clock.now();
  State state;
  state.parameters = CO_TRY(bind_parameters(*request.plan, request.parameters, request.identity, event.now));
  std::optional<base::Error> last;
  for (;;) {
    auto next = transition(*request.plan, request.identity, std::move(state), event);
    state = std::move(next.state);
    if (next.command.kind == Command::Kind::end) break;
    if (next.command.kind != Command::Kind::call) {
      // A retry would wait; who waits for the answer asks again instead.
      co_return last ? *last : base::internal("a document that answers at once cannot wait");
    }
    auto* action = actions.find(next.command.step->action);
    if (action == nullptr) {
      co_return base::unavailable(fmt::format("this broker has no action {}", next.command.step->action),
                                  "UnknownAction");
    }
    const StepContext context{.execution_id = {},
                              .environment_id = request.identity.environment_id,
                              .environment_name = request.identity.environment_name,
                              .step = state.at.step,
                              .attempt = state.at.attempt,
                              .token = next.command.token,
                              .deadline = std::min(deadline, state.at.deadline),
                              .correlation_id = request.identity.correlation_id,
                              .progress = {}};
    auto answer = co_await action->run(context, next.command.inputs);
    event = Event();
    event.now = clock.now();
    event.of = {.step = state.at.step, .visit = state.at.visit, .attempt = state.at.attempt};
    event.kind = answer ? Event::Kind::succeeded : Event::Kind::failed;
    last.reset();
    if (answer) {
      event.outputs = what_is_kept(*action, *next.command.step, std::move(*answer));
    } else {
      last = event.error = std::move(answer).error();
    }
  }
  if (state.status != Status::success) co_return failure_of(state, last);
  co_return document_outputs(*request.plan, state);
}

}  // namespace

base::Result<void> check_transient(const Plan& plan) {
  for (const auto& step : plan.steps) {
    const bool fits =
        step.kind == Step::Kind::branch || (step.kind == Step::Kind::action && leaves_nothing(step.effect));
    if (fits) continue;
    auto error = base::invalid(
        fmt::format("the step {} of {} uses {}: nothing of this document is stored, so it may only read; make what it "
                    "needs in the launch document",
                    step.name, plan.name, step.action));
    error.code = "NotTransient";
    return error;
  }
  return {};
}

net::Task<json::object> run_transient(net::Runtime& runtime, const base::Clock& clock, const ActionRegistry& actions,
                                      TransientRequest request, std::chrono::milliseconds patience) {
  CO_TRY(check_transient(*request.plan));
  const auto deadline = clock.now() + patience;
  co_return co_await net::with_deadline<json::object>(
      runtime, net::in(patience), fmt::format("the document {} did not answer in time", request.plan->name),
      [&] { return run(clock, actions, std::move(request), deadline); });
}

}  // namespace slipway::workflow
