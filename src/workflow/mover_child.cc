// aws:executeAutomation: a child in the same commit as the step's entry, its end, and its cancellation.

#include <fmt/format.h>

#include <algorithm>

#include "workflow/mover.h"
#include "workflow/parameters.h"
#include "workflow/token.h"

namespace slipway::workflow {

namespace json = boost::json;

namespace {

constexpr int kMostDepth = 5;

}  // namespace

Mover::Target Mover::begin_child(const json::value& inputs) {
  if (at().attempt > 1) record("Sent", {});
  auto start = child_start(inputs.as_object());
  if (out_.wanted) return std::nullopt;
  if (!start) return attempt_over(Status::failed, of_step(start.error(), at().step));
  const auto timeout = set_deadline(step());
  if (!timeout) return attempt_over(Status::failed, of_step(timeout.error(), at().step));
  if (at().sends++ == 0) at().first_sent = now_;
  state().child = start->id.str();
  state().child_cancelled = false;
  record("Waiting", {{"for", "child"}, {"child", state().child}, {"document", start->plan->name}});
  out_.child = std::move(*start);
  wait_for(Waiting::child, at().deadline);
  return std::nullopt;
}

base::Result<ChildStart> Mover::child_start(const json::object& inputs) {
  const auto* name = inputs.if_contains("DocumentName");
  if (name == nullptr || !name->is_string()) return base::invalid("it needs a DocumentName");
  if (identity_.depth >= kMostDepth) {
    auto error = base::invalid(fmt::format("executions nest at most {} levels below the first", kMostDepth));
    error.code = "TooDeep";
    return error;
  }
  if (const auto* version = inputs.if_contains("DocumentVersion")) TRY(check_document_version(to_text(*version)));
  const auto found = documents_.find(std::string_view(name->get_string()));
  if (found == documents_.end()) {
    out_.wanted = std::string(name->get_string());
    return base::not_found("it is asked for");
  }
  auto plan = TRY(found->second);
  auto child = identity_;
  child.execution_id = base::ExecutionId(child_id(token(), at().entered_at));
  const auto* given = inputs.if_contains("RuntimeParameters");
  if (given != nullptr && !given->is_object()) return base::invalid("RuntimeParameters is no map");
  // In either shape: typed, or as the service takes them.
  const auto typed = given == nullptr ? json::object{} : from_text_lists(*plan, given->get_object());
  // A launch of which any document needs a Parameter Store is refused beforehand: nothing is read here.
  auto parameters = TRY(bind_parameters(*plan, typed, child, now_, nullptr));
  return ChildStart{child.execution_id, std::move(plan), std::move(parameters), state().secrets};
}

void Mover::child_ended() {
  const auto& ended = event_.child;
  if (state().waiting != Waiting::child || ended.id != state().child) return;
  const bool was_late = state().child_cancelled;  // or cancelled: that comes first below
  stop_waiting();
  state().child.clear();
  state().child_cancelled = false;
  add_secrets(ended.secrets, state().secrets);
  const auto kept =
      keep_outputs({{"ExecutionId", ended.id}, {"Status", to_string(ended.status)}, {"Output", ended.outputs}});
  if (must_cancel()) return advance(settle(Status::cancelled));
  if (chain_is_over()) return end(Status::cancelled);
  if (was_late) {
    return advance(attempt_over(
        Status::timed_out,
        base::timed_out(fmt::format("step {} timed out, and its execution {} was cancelled", at().step, ended.id))));
  }
  if (ended.status == Status::success) {
    return advance(kept ? settle(Status::success) : settle(Status::failed, kept.error()));
  }
  auto error = base::unavailable(fmt::format("execution {} ended as {}{}{}", ended.id, to_string(ended.status),
                                             ended.reason.empty() ? "" : ": ", ended.reason),
                                 "ChildFailed");
  advance(attempt_over(Status::failed, error));
}

// A cancellation came, or the step's time is over, or that of the cancel chain. Its end is waited for, however late:
// what follows must not meet it. It is bounded by the limit of its own chain.
void Mover::stop_child() {
  if (state().child_cancelled) return wait();
  state().child_cancelled = true;
  state().wake_at = {};
  out_.cancel_child = base::ExecutionId(state().child);
  record("Waiting", {{"for", "child"}, {"child", state().child}, {"status", "Cancelling"}});
  wait();
}

}  // namespace slipway::workflow
