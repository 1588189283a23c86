#include "tool/types_test/crash_trial.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/text_file.h"

namespace slipway::tool {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kLookEvery{25};
constexpr std::chrono::seconds kDeathLimit{10};     // between a request that broke off and the broker's end
constexpr std::chrono::seconds kProgramsLimit{20};  // until what a kill took down runs again

// What a life goes through until `operation`, that included.
std::vector<Operation> way_to(Operation operation) {
  switch (operation) {
    case Operation::launch:
      return {Operation::launch};
    case Operation::stop:
      return {Operation::launch, Operation::stop};
    case Operation::start:
      return {Operation::launch, Operation::stop, Operation::start};
    case Operation::terminate:
      return {Operation::launch, Operation::terminate};
  }
}

// The names in a trace: its second column.
base::Result<std::vector<CrashPoint>> read_trace(const std::string& path, Operation operation) {
  std::vector<CrashPoint> points;
  const auto text = TRY(cli::read_text_file(path));
  for (const auto line : base::split(base::trim(text), '\n')) {
    const auto columns = base::split(line, '\t');
    if (columns.size() > 1) points.push_back({operation, std::string(columns[1])});
  }
  return points;
}

}  // namespace

CrashTrial::CrashTrial(const cli::Context& context, const TestedType& type, TestBroker::Place place,
                       std::chrono::seconds limit)
    : context_(context),
      limit_(limit),
      broker_(context, std::move(place)),
      environment_(type, "crash"),
      stops_(type.stops),
      watch_(broker_.environments()) {}

base::Result<CrashTrial::Trace> CrashTrial::trace() {
  Trace trace;
  auto operations = way_to(stops_ ? Operation::start : Operation::launch);
  operations.push_back(Operation::terminate);
  for (const auto operation : operations) {
    // In its data folder: as root the broker is another account, which may write nowhere else.
    const auto file = broker_.data() / fmt::format("trace-{}", to_string(operation));
    TRY(broker_.start({"--crash-trace", file}));
    TRY(perform(operation));
    if (operation == Operation::launch) trace.programs = watch_.programs();
    TRY(broker_.stop());
    auto points = TRY(read_trace(file, operation));
    trace.points.insert(trace.points.end(), points.begin(), points.end());
  }
  TRY(judge_what_is_left());
  if (outcome_.wrong.empty() && outcome_.orphans.empty() && outcome_.doubles.empty()) return trace;
  auto error = base::unavailable("Even without a crash the environment does not live and end as it must:", "NotRight");
  for (const auto* lines : {&outcome_.wrong, &outcome_.orphans, &outcome_.doubles}) {
    error.evidence.insert(error.evidence.end(), lines->begin(), lines->end());
  }
  return error;
}

base::Result<CrashOutcome> CrashTrial::run(const CrashPoint& point, int again, const Programs& expected) {
  const auto began = steady_clock::now();
  again_ = again;
  auto lived = life_until_killed(point, expected);
  if (!lived && cli::is_interrupted(lived.error())) return std::move(lived).error();
  if (!lived) {
    outcome_.wrong.push_back(lived.error().message);
    outcome_.wrong.insert(outcome_.wrong.end(), lived.error().evidence.begin(), lived.error().evidence.end());
  }
  if (lived) TRY(judge_what_is_left());
  outcome_.seconds = std::chrono::duration_cast<milliseconds>(steady_clock::now() - began);
  return outcome_;
}

base::Result<void> CrashTrial::life_until_killed(const CrashPoint& point, const Programs& expected) {
  for (const auto operation : way_to(point.operation)) {
    std::vector<std::string> more;
    if (operation == point.operation) more = {"--crash-at", point.name};
    if (!TRY(broker_.start(more))) TRY(recover(operation));
    TRY(perform(operation));
    if (operation != point.operation) TRY(broker_.stop());
  }
  if (!outcome_.wrong.empty()) return {};
  if (point.operation == Operation::launch || point.operation == Operation::start) TRY(expect_programs(expected));
  if (point.operation != Operation::terminate) {
    const auto ended = std::exchange(outcome_.ended, {});
    TRY(perform(Operation::terminate));
    outcome_.ended = ended;
  }
  return broker_.stop();
}

base::Result<void> CrashTrial::perform(Operation operation) {
  TRY(request(operation));
  return settle(operation);
}

// A request that breaks off because the broker is killed is none that failed.
base::Result<void> CrashTrial::request(Operation operation) {
  auto asked = environment_.ask(broker_.client(), operation);
  if (asked) return {};
  for (const auto until = steady_clock::now() + kDeathLimit; steady_clock::now() < until;) {
    if (broker_.ended()) return {};
    if (asked.error().kind != base::ErrorKind::unavailable && asked.error().kind != base::ErrorKind::timed_out) break;
    if (!context_.pause(kLookEvery)) return cli::interrupted();
  }
  return std::move(asked).error().with_context(fmt::format("asking to {}", to_string(operation)));
}

base::Result<void> CrashTrial::settle(Operation operation) {
  const auto until = steady_clock::now() + limit_;
  for (;;) {
    if (broker_.ended()) TRY(recover(operation));
    const auto seen = environment_.look(broker_.client());
    watch_.look();
    if (seen && *seen) {
      const bool held = (*seen)->held == to_string(operation);
      outcome_.ended = held ? "held" : (*seen)->status;
      if (held || (*seen)->status == wanted(operation)) return {};
      if ((*seen)->status.find("failed") != std::string::npos) {
        outcome_.wrong.push_back(fmt::format("{} failed: {}", to_string(operation), (*seen)->reason));
        // What failed can still be taken away, and must leave nothing.
        if (operation == Operation::terminate) return {};
        TRY(request(Operation::terminate));
        return settle(Operation::terminate);
      }
    }
    if (steady_clock::now() > until) {
      return base::timed_out(fmt::format("The {} did not end within {} s: the environment is {}.", to_string(operation),
                                         limit_.count(), outcome_.ended));
    }
    if (!context_.pause(kLookEvery)) return cli::interrupted();
  }
}

// Starts the broker that a point ended, until it stays; asks once more for what nobody has accepted, as a client would.
base::Result<void> CrashTrial::recover(Operation operation) {
  for (;;) {
    if (!broker_.killed()) return broker_.last_words();
    ++outcome_.kills;
    watch_.look();
    std::vector<std::string> more;
    if (const int number = std::exchange(again_, 0); number > 0) more = {"--crash-at", std::to_string(number)};
    if (!TRY(broker_.start(more))) continue;
    const auto seen = environment_.look(broker_.client());
    if (seen && TestedEnvironment::not_asked(operation, *seen)) TRY(request(operation));
    if (!broker_.ended()) return {};
  }
}

// The same programs run as in a life without a kill: none is missing, none is there twice.
base::Result<void> CrashTrial::expect_programs(const Programs& expected) {
  if (outcome_.ended == "held") return {};
  for (const auto until = steady_clock::now() + kProgramsLimit;;) {
    watch_.look();
    if (watch_.programs() == expected) return {};
    if (steady_clock::now() > until) break;
    if (!context_.pause(kLookEvery)) return cli::interrupted();
  }
  outcome_.wrong.push_back(fmt::format("programs that run: {}; without a crash: {}", fmt::join(watch_.programs(), ", "),
                                       fmt::join(expected, ", ")));
  return {};
}

base::Result<void> CrashTrial::judge_what_is_left() {
  outcome_.orphans = TRY(orphans(broker_));
  outcome_.doubles.assign(watch_.doubles().begin(), watch_.doubles().end());
  auto broken = TRY(broken_invariants(broker_));
  outcome_.doubles.insert(outcome_.doubles.end(), broken.begin(), broken.end());
  return {};
}

}  // namespace slipway::tool
