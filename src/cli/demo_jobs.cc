#include "cli/demo_jobs.h"

#include <fmt/format.h>

#include <charconv>

#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/subprocess.h"
#include "cli/text_file.h"

namespace slipway::cli {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kClientLimit{180'000};
constexpr milliseconds kJobLimit{180'000};

// "JobState" of "JobId=1 JobName=x JobState=RUNNING Reason=None".
std::string field(const std::string& record, const std::string& name) {
  auto at = record.find(name + "=");
  if (at == std::string::npos) return "";
  at += name.size() + 1;
  return record.substr(at, record.find_first_of(" \n", at) - at);
}

bool has_ended(const std::string& state) {
  return state != "PENDING" && state != "CONFIGURING" && state != "RUNNING" && state != "COMPLETING" && !state.empty();
}

}  // namespace

base::Result<std::string> DemoJobs::client(std::vector<std::string> command, std::string input) const {
  Subprocess what{.command = std::move(command),
                  .variables = place_.variables(),
                  .account = must_become(place_.account) ? std::optional(place_.account) : std::nullopt,
                  .directory = place_.directory,
                  .input = std::move(input)};
  auto finished = TRY(run_to_end(what, kClientLimit));
  if (finished.exit_code == 0) return std::move(finished.output);
  auto error =
      base::unavailable(fmt::format("'{}' ended with exit code {}.", what.command.front(), finished.exit_code));
  for (auto line : base::split(base::trim(finished.output), '\n')) error.evidence.emplace_back(line);
  return error;
}

base::Result<void> DemoJobs::show_nodes() {
  stage_.begin("sinfo");
  auto nodes = TRY(client({"sinfo"}));
  stage_.done();
  stage_.quote(nodes);
  return {};
}

base::Result<int> DemoJobs::node_count() const {
  auto text = TRY(client({"sinfo", "--noheader", "--format=%D"}));
  int count = 0;
  for (auto line : base::split(base::trim(text), '\n')) {
    int some = 0;
    auto digits = base::trim(line);
    std::from_chars(digits.data(), digits.data() + digits.size(), some);
    count += some;
  }
  return count;
}

base::Result<std::string> DemoJobs::static_node() const {
  auto text = TRY(client({"sinfo", "--noheader", "--Node", "--format=%N"}));
  for (auto line : base::split(text, '\n')) {
    auto name = base::trim(line);
    if (name.find("-st-") != std::string_view::npos) return std::string(name);
  }
  return base::not_found("The cluster has no static node; the demo's configuration needs a MinCount of at least 1.");
}

base::Result<void> DemoJobs::batch_on_static_node() {
  auto node = TRY(static_node());
  return batch("sbatch --nodes=1 job.sh, on the static node", {"--nodes=1", "--nodelist=" + node});
}

base::Result<void> DemoJobs::batch_on_all_nodes() {
  auto nodes = fmt::format("--nodes={}", TRY(node_count()));
  return batch(fmt::format("sbatch {} job.sh, on all nodes", nodes), {nodes});
}

base::Result<void> DemoJobs::run_on_all_nodes() {
  auto nodes = fmt::format("--nodes={}", TRY(node_count()));
  stage_.begin(fmt::format("srun {} hostname and node name; elastic nodes start for it", nodes));
  auto printed = TRY(client(
      {"srun", "--quiet", nodes, "--ntasks-per-node=1", "bash", "-c", "echo \"$(hostname): $SLURMD_NODENAME\""}));
  stage_.done();
  stage_.quote(printed);
  return {};
}

base::Result<void> DemoJobs::batch(const std::string& title, std::vector<std::string> options) {
  stage_.begin(title);
  auto output = fmt::format("{}/demo-%j.out", place_.directory);
  std::vector<std::string> command{"sbatch", "--parsable", "--output=" + output};
  command.insert(command.end(), options.begin(), options.end());
  auto id = std::string(base::trim(TRY(client(command, job_script_))));
  auto state = TRY(wait_for_job(id));
  auto printed = read_text_file(fmt::format("{}/demo-{}.out", place_.directory, id));
  if (state != "COMPLETED") {
    return base::unavailable(fmt::format("Job {} ended as {}: {}", id, state, std::move(printed).value_or("")));
  }
  auto text = TRY(std::move(printed));
  stage_.done(fmt::format("{}: job {} {}", title, id, state));
  stage_.quote(text);
  return {};
}

base::Result<std::string> DemoJobs::wait_for_job(const std::string& id) {
  auto until = std::chrono::steady_clock::now() + kJobLimit;
  std::string state;
  while (std::chrono::steady_clock::now() < until) {
    auto record = TRY(client({"scontrol", "--oneliner", "show", "job", id}));
    state = field(record, "JobState");
    if (has_ended(state)) return state;
    stage_.now(fmt::format("job {} is {}", id, state));
    if (!context_.pause(milliseconds(100))) return interrupted();
  }
  return base::timed_out(fmt::format("Job {} was still {} after {} s.", id, state, kJobLimit.count() / 1000));
}

}  // namespace slipway::cli
