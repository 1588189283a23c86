#include "tool/types_test/crash_matrix.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <boost/json/array.hpp>
#include <mutex>
#include <optional>
#include <ostream>
#include <random>
#include <thread>
#include <utility>

#include "cli/table.h"

namespace slipway::tool {

namespace json = boost::json;

namespace {

constexpr int kKilledAgainEvery = 4;  // of the points, so many are also tried with a second kill
constexpr int kTries = 3;             // of a point that does not come
constexpr int kPointsOfRecovery = 6;  // the second kill is at one of the first so many

// Which trials there are, in the order of a life. They are chosen in the order of names: the broker's threads pass some
// points in an order that differs from run to run, and the same seed means the same points.
std::vector<CrashRow> plan(std::vector<CrashPoint> points, const CrashOptions& options) {
  std::erase_if(points, [&](const CrashPoint& point) { return point.name.find(options.only) == std::string::npos; });
  std::mt19937_64 chance(options.seed);
  std::vector<std::size_t> chosen(points.size());
  for (std::size_t at = 0; at < chosen.size(); ++at) chosen[at] = at;
  const auto by_name = [&](std::size_t at) {
    return std::pair(points[at].operation, std::string_view(points[at].name));
  };
  std::ranges::sort(chosen, {}, by_name);
  if (options.points > 0 && static_cast<std::size_t>(options.points) < chosen.size()) {
    // Not std::shuffle, whose order each library chooses itself.
    for (std::size_t at = 0; at < static_cast<std::size_t>(options.points); ++at) {
      std::swap(chosen[at], chosen[at + chance() % (chosen.size() - at)]);
    }
    chosen.resize(options.points);
  }
  std::vector<std::pair<std::size_t, CrashRow>> placed;
  for (std::size_t at = 0; at < chosen.size(); ++at) {
    placed.emplace_back(chosen[at], CrashRow{.point = points[chosen[at]], .again = 0, .outcome = {}});
    const int second = 1 + static_cast<int>(chance() % kPointsOfRecovery);
    if (at % kKilledAgainEvery != 0) continue;
    placed.emplace_back(chosen[at], CrashRow{.point = points[chosen[at]], .again = second, .outcome = {}});
  }
  std::ranges::sort(placed, {}, [](const auto& row) { return std::pair(row.first, row.second.again); });
  std::vector<CrashRow> rows;
  for (auto& [at, row] : placed) rows.push_back(std::move(row));
  return rows;
}

double in_seconds(std::chrono::milliseconds duration) {
  return static_cast<double>(duration.count()) / 1000;
}

std::string when(const CrashRow& row) {
  if (row.again == 0) return "once";
  if (row.outcome.kills < 2) return fmt::format("once; the recovery has no point {}", row.again);
  return fmt::format("twice, at point {} of the recovery", row.again);
}

std::string how(const CrashRow& row) {
  const auto& outcome = row.outcome;
  if (outcome.right()) return outcome.ended;
  if (!outcome.passed() && outcome.wrong.empty()) return "not passed";
  std::vector<std::string> all = outcome.wrong;
  for (const auto& orphan : outcome.orphans) all.push_back("left: " + orphan);
  all.insert(all.end(), outcome.doubles.begin(), outcome.doubles.end());
  return fmt::format("WRONG, {}: {}", outcome.ended, fmt::join(all, "; "));
}

// Runs the trials on several threads, each with a slot (a range of ports) of its own.
class Trials {
 public:
  Trials(const cli::Context& context, const TestedType& type, const CrashOptions& options,
         const std::function<TestBroker::Place(int, int)>& places, const Programs& expected,
         std::vector<CrashRow>& rows)
      : context_(context), type_(type), options_(options), places_(places), expected_(expected), rows_(rows) {}

  base::Result<void> run() {
    std::vector<std::jthread> threads;
    for (int slot = 0; slot < options_.at_once; ++slot) {
      threads.emplace_back([this, slot] { work(slot); });
    }
    threads.clear();
    if (failure_) return std::move(*failure_);
    return {};
  }

 private:
  void work(int slot) {
    for (std::size_t at = next_++; at < rows_.size(); at = next_++) {
      auto& row = rows_[at];
      auto outcome = try_it(row, static_cast<int>(at) + 1, slot);
      const std::lock_guard lock(mutex_);
      if (!outcome) {
        if (!failure_) failure_ = std::move(outcome).error();
        next_ = rows_.size();
        return;
      }
      row.outcome = std::move(*outcome);
      ++done_;
      context_.err << fmt::format("[{}/{}] {}{}: {}, {:.1f} s\n", done_, rows_.size(), row.point.name,
                                  row.again == 0 ? "" : fmt::format(", and at point {} of the recovery", row.again),
                                  how(row), in_seconds(row.outcome.seconds))
                   << std::flush;
    }
  }

  base::Result<CrashOutcome> try_it(const CrashRow& row, int number, int slot) {
    for (int tries = 1;; ++tries) {
      CrashTrial trial(context_, type_, places_(number, slot), options_.limit);
      auto outcome = trial.run(row.point, row.again, expected_);
      if (!outcome || outcome->passed() || !outcome->wrong.empty() || tries == kTries) return outcome;
    }
  }

  const cli::Context& context_;
  const TestedType& type_;
  const CrashOptions& options_;
  const std::function<TestBroker::Place(int, int)>& places_;
  const Programs& expected_;
  std::vector<CrashRow>& rows_;
  std::atomic<std::size_t> next_ = 0;
  std::mutex mutex_;
  std::size_t done_ = 0;
  std::optional<base::Error> failure_;
};

json::array texts(const std::vector<std::string>& lines) {
  return json::array(lines.begin(), lines.end());
}

}  // namespace

std::size_t CrashMatrix::right() const {
  return std::ranges::count_if(rows, [](const CrashRow& row) { return row.outcome.right(); });
}

std::size_t CrashMatrix::not_passed() const {
  return std::ranges::count_if(rows, [](const CrashRow& row) { return how(row) == "not passed"; });
}

std::size_t CrashMatrix::orphans() const {
  std::size_t count = 0;
  for (const auto& row : rows) count += row.outcome.orphans.size();
  return count;
}

std::size_t CrashMatrix::doubles() const {
  std::size_t count = 0;
  for (const auto& row : rows) count += row.outcome.doubles.size();
  return count;
}

base::Result<CrashMatrix> make_crash_matrix(const cli::Context& context, const TestedType& type,
                                            const CrashOptions& options,
                                            const std::function<TestBroker::Place(int, int)>& places) {
  context.err << fmt::format("{}: a life without a crash, to find its points\n", type.name) << std::flush;
  auto trace = TRY(CrashTrial(context, type, places(0, 0), options.limit).trace());
  if (trace.points.empty()) return base::internal("The broker passed no crash point: this is a bug.");
  CrashMatrix matrix{.type = type.name, .seed = options.seed, .known = trace.points.size(), .programs = {}, .rows = {}};
  matrix.programs = trace.programs;
  matrix.rows = plan(std::move(trace.points), options);
  if (matrix.rows.empty()) {
    return base::not_found(fmt::format("No point of {} has '{}' in its name.", type.name, options.only));
  }
  TRY(Trials(context, type, options, places, trace.programs, matrix.rows).run());
  return matrix;
}

json::object to_json(const CrashMatrix& matrix) {
  json::array rows;
  for (const auto& row : matrix.rows) {
    const auto& outcome = row.outcome;
    rows.push_back(json::object{{"operation", to_string(row.point.operation)},
                                {"point", row.point.name},
                                {"killed", when(row)},
                                {"kills", outcome.kills},
                                {"ended", outcome.ended},
                                {"passed", outcome.passed()},
                                {"right", outcome.right()},
                                {"seconds", in_seconds(outcome.seconds)},
                                {"wrong", texts(outcome.wrong)},
                                {"orphans", texts(outcome.orphans)},
                                {"doubles", texts(outcome.doubles)}});
  }
  return {{"type", matrix.type},
          {"seed", matrix.seed},
          {"knownPoints", matrix.known},
          {"programs", json::array(matrix.programs.begin(), matrix.programs.end())},
          {"trials", rows.size()},
          {"right", matrix.right()},
          {"notPassed", matrix.not_passed()},
          {"orphans", matrix.orphans()},
          {"doubles", matrix.doubles()},
          {"points", std::move(rows)}};
}

std::string to_text(const CrashMatrix& matrix) {
  cli::Table table({"POINT", "KILLED", "ENDED", "SECONDS"});
  for (const auto& row : matrix.rows) {
    table.add({row.point.name, when(row), how(row), fmt::format("{:.1f}", in_seconds(row.outcome.seconds))});
  }
  const auto points = std::ranges::count_if(matrix.rows, [](const CrashRow& row) { return row.again == 0; });
  auto sum = fmt::format("{}: {} of {} points, {} kills: {} right, {} orphans, {} doubles; seed {}", matrix.type,
                         points, matrix.known, matrix.rows.size() - matrix.not_passed(), matrix.right(),
                         matrix.orphans(), matrix.doubles(), matrix.seed);
  if (matrix.not_passed() > 0) {
    sum += fmt::format("; {} depend on time and were not passed again", matrix.not_passed());
  }
  return fmt::format("{}\n{}\n", table.text(), sum);
}

}  // namespace slipway::tool
