// The table of final statuses (1.8), whole.

#include <gtest/gtest.h>

#include "workflow/transition_fixture.h"

namespace slipway::workflow {
namespace {

using Kind = Event::Kind;

enum class Ends { well, badly, late };

struct Flow {
  Ends first;                   // how step A ends
  std::string_view on_failure;  // of A
  std::string_view critical;    // of A: "", "true" or "false"
  bool is_end;
  Ends second;  // how B ends, where it runs; B is critical and continues
  bool cancel;  // while A runs
};

// What the contract's table says, written down once more in its own order.
Status by_the_table(const Flow& flow, std::vector<std::string>& steps) {
  steps = {"A"};
  if (flow.cancel) return Status::cancelled;
  const bool bad = flow.first != Ends::well;
  if (bad && flow.on_failure == "Abort") return flow.first == Ends::late ? Status::timed_out : Status::failed;
  std::string next = flow.is_end ? "" : "B";
  if (bad && flow.on_failure == "step:X") next = "X";
  if (!next.empty()) steps.push_back(next);
  if (next == "B") steps.push_back("X");  // X follows B
  const bool critical_a = flow.critical == "true" || (flow.critical.empty() && flow.on_failure != "Continue");
  std::vector<Ends> critical_ends;
  if (critical_a) critical_ends.push_back(flow.first);
  if (next == "B") critical_ends.push_back(flow.second);
  for (const auto end : critical_ends) {
    if (end == Ends::badly) return Status::failed;
  }
  for (const auto end : critical_ends) {
    if (end == Ends::late) return Status::timed_out;
  }
  return Status::success;
}

void finish(Driver& driver, Ends end) {
  if (end == Ends::well) driver.succeed();
  if (end == Ends::badly) driver.fail();
  if (end == Ends::late) driver.time_out();
}

void check_flow_of(const Flow& flow) {
  std::string more = fmt::format("onFailure: '{}', isEnd: {}", flow.on_failure, flow.is_end);
  if (!flow.critical.empty()) more += fmt::format(", isCritical: {}", flow.critical);
  Driver driver(document(step("A", more) + step("B", "onFailure: Continue, isCritical: true") + step("X")));
  std::vector<std::string> wanted;
  const auto status = by_the_table(flow, wanted);
  driver.feed(Kind::start);
  std::vector<std::string> ran;
  while (!driver.state.ended()) {
    ran.push_back(driver.state.at.step);
    if (flow.cancel) {
      driver.feed(Kind::cancel);
    } else {
      finish(driver, driver.state.at.step == "A" ? flow.first : driver.state.at.step == "B" ? flow.second : Ends::well);
    }
  }
  EXPECT_EQ(to_string(driver.status()), to_string(status)) << more;
  EXPECT_EQ(ran, wanted) << more;
  EXPECT_EQ(driver.state.failure.has_value(), status == Status::failed || status == Status::timed_out) << more;
}

TEST(Transition, ends_as_the_table_of_final_statuses_says) {
  int flows = 0;
  for (const auto first : {Ends::well, Ends::badly, Ends::late}) {
    for (const auto* on_failure : {"Abort", "Continue", "step:X"}) {
      for (const auto* critical : {"", "true", "false"}) {
        for (const bool is_end : {false, true}) {
          for (const auto second : {Ends::well, Ends::badly, Ends::late}) {
            for (const bool cancel : {false, true}) {
              check_flow_of({first, on_failure, critical, is_end, second, cancel});
              ++flows;
            }
          }
        }
      }
    }
  }
  EXPECT_EQ(flows, 324);
}

}  // namespace
}  // namespace slipway::workflow
