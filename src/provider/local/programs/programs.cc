#include "provider/local/programs/programs.h"

#include <fmt/format.h>

#include "provider/local/programs/actions.h"
#include "provider/local/programs/program.h"

namespace slipway::provider::local::programs {

using broker::Environment;
using process::State;

void Programs::add_actions(workflow::ActionRegistry& registry) {
  programs::add_actions(registry, machine_, *this, virtual_environments_);
}

std::vector<broker::Instance> Programs::instances(const Environment& environment) const {
  const Place place(machine_, environment.id);
  const auto tended = tenders_.find(environment.id);
  std::vector<broker::Instance> all;
  for (const auto& name : place.names()) {
    const auto status = machine_.supervisors.status(place.process(name));
    if (status.state == State::absent) continue;
    const bool runs = status.state != State::exited;
    const bool wanted = environment.status == broker::Status::available;
    if (!runs && !wanted) continue;
    std::string problem;
    if (!runs) {
      const auto outlook = tended == tenders_.end() ? std::string() : tended->second->outlook(name);
      problem = fmt::format("The program {}{}{}.", how_it_ended(status), outlook.empty() ? "" : "; ", outlook);
    }
    const auto id = base::sha256_hex(environment.id.str() + "/" + name + "/" + status.run_id).substr(0, 17);
    all.push_back({.id = "i-" + id,
                   .type = "process",
                   .state = runs ? "running" : "stopped",
                   .role = all.empty() ? "HeadNode" : "ComputeNode",
                   .queue = {},
                   .node = name,
                   .private_address = "127.0.0.1",
                   .public_address = {},
                   .launched_at = status.started_at,
                   .problem = std::move(problem)});
  }
  return all;
}

void Programs::tend(const Environment& environment) {
  auto& tender = tenders_[environment.id];
  if (!tender) tender = std::make_shared<Tender>(machine_, environment.id);
}

boost::asio::awaitable<void> Programs::release(base::EnvironmentId id) {
  uses_.erase(id);
  const auto found = tenders_.find(id);
  if (found == tenders_.end()) co_return;
  const auto tender = found->second;
  co_await tender->stop();
  // Two may ask for it at once.
  if (const auto still = tenders_.find(id); still != tenders_.end() && still->second == tender) tenders_.erase(still);
}

boost::asio::awaitable<void> Programs::stop() {
  while (!tenders_.empty()) {
    const auto id = tenders_.begin()->first;
    co_await release(id);
  }
}

net::Task<broker::Activity> Programs::activity(Environment environment) {
  const auto now = CO_TRY(co_await look_at_use(machine_, environment.id));
  const auto [before, is_first] = uses_.try_emplace(environment.id, now);
  const bool computed = !is_first && has_computed(before->second, now);
  before->second = now;
  co_return broker::Activity{.known = true, .busy = computed || now.connected};
}

}  // namespace slipway::provider::local::programs
