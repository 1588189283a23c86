// Steps that wait for people, and what people say.

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <charconv>

#include "workflow/journal.h"
#include "workflow/mover.h"

namespace slipway::workflow {

namespace json = boost::json;
using Kind = Signal::Kind;

namespace {

constexpr std::size_t kMostApprovers = 10;
constexpr std::chrono::seconds kLongestApproval{2'592'000};

// The approvers of a step and how many of them it needs. Errors: invalid.
struct Approval {
  std::vector<std::string> approvers;
  std::int64_t required = 1;
};

base::Result<Approval> approval_of(const json::object& inputs) {
  Approval approval;
  const auto* approvers = inputs.if_contains("Approvers");
  if (approvers != nullptr && approvers->is_array()) {
    for (const auto& approver : approvers->get_array()) approval.approvers.push_back(to_text(approver));
  }
  const auto count = approval.approvers.size();
  if (count == 0 || count > kMostApprovers) {
    return base::invalid(fmt::format("Approvers has {} elements; it needs 1 to {}", count, kMostApprovers));
  }
  if (const auto* required = inputs.if_contains("MinRequiredApprovals")) {
    const auto text = to_text(*required);
    std::from_chars(text.data(), text.data() + text.size(), approval.required);
    if (approval.required < 1 || approval.required > static_cast<std::int64_t>(count)) {
      return base::invalid(
          fmt::format("MinRequiredApprovals is {}; it needs 1 to {}, the number of approvers", text, count));
    }
  }
  return approval;
}

// Whom a name or an ARN names: its last part.
std::string_view person_of(std::string_view name) {
  return name.starts_with("arn:") ? name.substr(name.find_last_of("/:") + 1) : name;
}

// The approver that a caller is. Both may be written as a name or as an ARN that ends in it.
std::optional<std::string> approver_named(const Approval& approval, std::string_view caller) {
  const auto found = std::ranges::find(approval.approvers, person_of(caller),
                                       [](const std::string& approver) { return person_of(approver); });
  return found == approval.approvers.end() ? std::nullopt : std::optional(*found);
}

bool says(const json::value& decision, std::string_view name, std::string_view text) {
  return std::string_view(decision.at(name).as_string()) == text;
}

std::int64_t approvals(const json::array& decisions) {
  return std::count_if(decisions.begin(), decisions.end(),
                       [](const json::value& made) { return says(made, "Decision", "Approved"); });
}

}  // namespace

// --- entry

Mover::Target Mover::pause(const Step& entered) {
  const auto timeout = set_deadline(entered);
  if (!timeout) return settle(Status::failed, of_step(timeout.error(), at().step));
  record("Waiting", {{"for", "pause"}});
  wait_for(Waiting::pause, at().deadline);
  return std::nullopt;
}

Mover::Target Mover::approve(const Step& entered, const json::object& inputs) {
  const auto approval = approval_of(inputs);
  if (!approval) return settle(Status::failed, of_step(approval.error(), at().step));
  const auto timeout = timeout_of(entered);
  if (!timeout) return settle(Status::failed, of_step(timeout.error(), at().step));
  if (*timeout > kLongestApproval) {
    return settle(
        Status::failed,
        of_step(base::invalid(fmt::format("timeoutSeconds of an approval is at most {}", kLongestApproval.count())),
                at().step));
  }
  at().deadline = now_ + *timeout;
  state().outputs[entered.name] = json::object{{"ApprovalStatus", "Waiting"}, {"ApproverDecisions", json::array()}};
  out_.values_changed = true;
  const auto& approvers = approval->approvers;
  record("Waiting", {{"for", "approval"},
                     {"approvers", json::array(approvers.begin(), approvers.end())},
                     {"required", approval->required},
                     {"until", at().deadline.time_since_epoch().count()}});
  wait_for(Waiting::approval, at().deadline);
  return std::nullopt;
}

// --- signals

void Mover::signal() {
  const auto kind = event_.signal.kind;
  const auto& id = identity_.execution_id.str();
  if (must_cancel()) return refuse(base::conflict(fmt::format("execution {} is being cancelled", id)));
  const bool decides = kind == Kind::approve || kind == Kind::reject;
  if (decides && state().waiting == Waiting::approval) return decide(kind == Kind::approve);
  if (kind == Kind::resume && state().waiting == Waiting::pause) {
    record("Signal", {{"signal", to_string(kind)}, {"by", event_.signal.by}, {"comment", event_.signal.comment}});
    stop_waiting();
    return advance(settle(Status::success));
  }
  if (!decides && kind != Kind::resume && state().waiting == Waiting::unknown_outcome) return answer_held();
  refuse(base::conflict(waits_for()));
}

void Mover::decide(bool approved) {
  const auto approval = *approval_of(inputs_of(step())->as_object());
  const auto& caller = event_.signal.by;
  const auto approver = approver_named(approval, caller);
  if (!approver) {
    base::Error error = base::conflict(
        fmt::format("{} is no approver of step {} of execution {}", caller, at().step, identity_.execution_id.str()));
    error.kind = base::ErrorKind::forbidden;
    return refuse(std::move(error));
  }
  record("Signal", {{"signal", to_string(event_.signal.kind)}, {"by", caller}, {"comment", event_.signal.comment}});
  auto& outputs = state().outputs[step().name].as_object();
  auto& decisions = outputs["ApproverDecisions"].as_array();
  // Each approver counts once, with the last word.
  auto* earlier = std::find_if(decisions.begin(), decisions.end(),
                               [&](const json::value& made) { return says(made, "Approver", *approver); });
  if (earlier != decisions.end()) decisions.erase(earlier);
  json::object decision{{"Approver", *approver},
                        {"Decision", approved ? "Approved" : "Rejected"},
                        {"Time", now_.time_since_epoch().count()}};
  if (!event_.signal.comment.empty()) decision["Comment"] = event_.signal.comment;
  decisions.push_back(std::move(decision));
  out_.values_changed = true;
  if (!approved) {
    outputs["ApprovalStatus"] = "Rejected";
    stop_waiting();
    auto error = base::conflict(fmt::format("{} rejected step {}", caller, at().step));
    error.code = "Rejected";
    return advance(settle(Status::failed, error));
  }
  if (approvals(decisions) < approval.required) return wait();
  outputs["ApprovalStatus"] = "Approved";
  stop_waiting();
  advance(settle(Status::success));
}

void Mover::answer_held() {
  const auto& said = event_.signal;
  if (said.kind == Kind::adopt) {
    const auto kept = keep_outputs(said.outputs);
    if (!kept) return refuse(kept.error());
  }
  record("Signal", {{"signal", to_string(said.kind)}, {"by", said.by}, {"comment", said.comment}});
  stop_waiting();
  switch (said.kind) {
    case Kind::retry:
      return begin_attempt(*inputs_of(step()));
    case Kind::adopt:
      record_effect("known_ok");
      return advance(settle(Status::success));
    case Kind::skip:
      record_effect("ambiguous");
      return advance(settle(Status::success));
    case Kind::fail: {
      auto error = base::internal(fmt::format("{} says that step {} has failed", said.by, at().step));
      error.code = "FailedByOperator";
      record_effect("ambiguous", &error);
      return advance(settle(Status::failed, error));
    }
    case Kind::approve:
    case Kind::reject:
    case Kind::resume:
      return;  // not of a held step: signal() has seen to that
  }
}

std::string Mover::waits_for() const {
  const auto& id = identity_.execution_id.str();
  const auto& where = out_.state.at.step;
  if (out_.state.ended()) return fmt::format("execution {} has ended as {}", id, to_string(out_.state.status));
  switch (out_.state.waiting) {
    case Waiting::nothing:
      if (where.empty()) return fmt::format("execution {} waits for nothing: it has not begun", id);
      return fmt::format("execution {} waits for nothing: it is running step {}", id, where);
    case Waiting::sleep:
      return fmt::format("execution {} waits for nobody: it sleeps in step {}", id, where);
    case Waiting::retry:
      return fmt::format("execution {} waits for nobody: step {} is tried again by itself", id, where);
    case Waiting::unknown_outcome:
      return fmt::format("execution {} is held at step {}: retry, skip, adopt or fail it", id, where);
    case Waiting::pause:
      return fmt::format("execution {} pauses at step {}: resume it", id, where);
    case Waiting::approval:
      return fmt::format("execution {} waits for approvals of step {}: approve or reject it", id, where);
    case Waiting::child:
      return fmt::format("execution {} waits for its child {}, started by step {}", id, out_.state.child, where);
  }
}

}  // namespace slipway::workflow
