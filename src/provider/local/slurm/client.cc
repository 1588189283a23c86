#include "provider/local/slurm/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"
#include "provider/local/slurm/daemons.h"

namespace slipway::provider::local::slurm {

namespace {

// Longer than MessageTimeout, after which Slurm's commands give up by themselves.
constexpr std::chrono::seconds kPatience{12};
constexpr std::string_view kMarks = "~%!#*$@^-+";

NodeView parse_state(std::string_view text) {
  NodeView view;
  if (!text.empty() && kMarks.find(text.back()) != std::string_view::npos) {
    view.mark = text.back();
    text.remove_suffix(1);
  }
  view.state = std::string(text);
  return view;
}

std::vector<std::string> evidence(const process::Supervisors::Output& output) {
  std::vector<std::string> lines;
  for (const auto* stream : {&output.out, &output.err}) {
    for (const auto line : base::split(*stream, '\n')) {
      if (!base::trim(line).empty()) lines.emplace_back(line.substr(0, 500));
    }
  }
  if (lines.size() > 10) lines.erase(lines.begin(), lines.end() - 10);
  lines.push_back(fmt::format("exit code {}", output.exit_code));
  return lines;
}

}  // namespace

bool NodeView::accepts_jobs() const {
  return mark == 0 && (state == "idle" || state == "mixed" || state == "allocated" || state == "completing");
}

ClusterView parse_sinfo(std::string_view output) {
  ClusterView view;
  for (const auto line : base::split(output, '\n')) {
    const auto fields = base::split(line, '|');
    if (fields.size() < 5) continue;
    auto node = parse_state(base::trim(fields[3]));
    if (fields[4] != "none") node.reason = std::string(fields[4]);
    view.nodes[std::string(fields[0])] = std::move(node);
    view.partitions[std::string(fields[1])] = std::string(fields[2]);
  }
  return view;
}

broker::Activity parse_squeue(std::string_view output) {
  static constexpr std::array kOver = {"BOOT_FAIL", "CANCELLED",     "COMPLETED", "DEADLINE", "FAILED",
                                       "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "REVOKED",  "TIMEOUT"};
  broker::Activity activity{.known = true};
  for (const auto line : base::split(output, '\n')) {
    const auto fields = base::split(line, '|');
    if (fields.size() < 2) continue;
    if (std::ranges::find(kOver, fields[0]) == kOver.end()) {
      activity.busy = true;
      continue;
    }
    std::int64_t seconds = 0;
    const auto [end, failure] = std::from_chars(fields[1].data(), fields[1].data() + fields[1].size(), seconds);
    if (failure != std::errc()) continue;  // N/A: it never ran
    activity.last = std::max(activity.last, std::optional(base::Time(std::chrono::seconds(seconds))));
  }
  return activity;
}

net::Task<std::string> Client::run(std::vector<std::string> command,
                                   const std::map<std::string, std::string>& environment) const {
  const auto name = command.front();
  const auto text = base::join(command, " ");
  command.front() = (machine_.settings.commands_dir / name).native();
  process::Spec spec{.command = std::move(command), .environment = daemon_environment(paths_)};
  spec.environment.insert(environment.begin(), environment.end());
  auto ran = co_await machine_.supervisors.run(std::move(spec), kPatience);
  if (!ran) {
    auto error = std::move(ran).error();
    const bool missing = error.kind == base::ErrorKind::not_found;
    if (error.code.empty()) error.code = missing ? "ProgramMissing" : "NoAnswer";
    co_return std::move(error).with_context(text);
  }
  if (ran->exit_code == 0) co_return std::move(ran->out);
  const bool silent = ran->err.find("Unable to contact slurm controller") != std::string::npos ||
                      ran->err.find("Socket timed out") != std::string::npos ||
                      (name == "scontrol" && text.ends_with(" ping"));
  auto error = base::unavailable(silent ? "slurmctld does not answer; look at its log" : fmt::format("{} failed", text),
                                 silent ? "NoAnswer" : "CommandFailed");
  error.evidence = evidence(*ran);
  co_return error;
}

net::Task<void> Client::ping() const {
  CO_TRY(co_await run({"scontrol", "ping"}));
  co_return base::Result<void>();
}

net::Task<ClusterView> Client::view() const {
  co_return parse_sinfo(CO_TRY(co_await run({"sinfo", "-h", "-N", "-o", "%N|%R|%a|%T|%E"})));
}

net::Task<broker::Activity> Client::activity() const {
  co_return parse_squeue(
      CO_TRY(co_await run({"squeue", "-h", "-a", "-t", "all", "-o", "%T|%e"}, {{"SLURM_TIME_FORMAT", "%s"}})));
}

net::Task<void> Client::update_nodes(std::vector<std::string> nodes, std::vector<std::string> order) const {
  if (nodes.empty()) co_return base::Result<void>();
  std::vector<std::string> command = {"scontrol", "update", "nodename=" + base::join(nodes, ",")};
  command.insert(command.end(), order.begin(), order.end());
  CO_TRY(co_await run(std::move(command)));
  co_return base::Result<void>();
}

net::Task<void> Client::set_partition(std::string partition, bool up) const {
  CO_TRY(co_await run({"scontrol", "update", "partitionname=" + partition, up ? "state=UP" : "state=INACTIVE"}));
  co_return base::Result<void>();
}

}  // namespace slipway::provider::local::slurm
