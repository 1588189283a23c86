#include "provider/local/programs/tender.h"

#include <fmt/format.h>

#include "observe/log.h"
#include "provider/local/programs/program.h"

namespace slipway::provider::local::programs {

using process::State;
using std::chrono::milliseconds;

namespace {

constexpr std::chrono::seconds kLookAgain{10};  // where a program cannot be watched

}  // namespace

Tender::Tender(const Machine& machine, base::EnvironmentId id, RestartPolicy policy)
    : machine_(machine), id_(std::move(id)), place_(machine, id_), policy_(policy), group_(machine.runtime) {
  for (const auto& name : place_.names()) {
    group_.spawn("tending " + name + " of " + id_.str(), [this, name] { return tend(name); });
  }
}

boost::asio::awaitable<void> Tender::stop() {
  group_.cancel();
  co_await group_.join();
}

std::string Tender::outlook(const std::string& name) const {
  const auto found = outlooks_.find(name);
  return found == outlooks_.end() ? std::string() : found->second;
}

boost::asio::awaitable<void> Tender::tend(std::string name) {
  auto policy = policy_;
  for (;;) {
    const auto status = co_await machine_.supervisors.wait(place_.process(name));
    if (!status) {
      observe::warning("a program cannot be watched", status.error(), {{"environment", id_.str()}, {"program", name}});
      co_await net::sleep_for(machine_.runtime, kLookAgain);
      continue;
    }
    if (status->state == State::running || status->state == State::starting) continue;
    const bool died = status->state == State::exited && status->exit_code != 0;
    if (!died || !co_await start_again(name, *status, policy)) co_return;
  }
}

boost::asio::awaitable<bool> Tender::start_again(std::string name, process::Status ended, RestartPolicy& policy) {
  auto ran = base::system_clock().now() - ended.started_at;
  auto words = fmt::format("The program {} {}", name, how_it_ended(ended));
  for (;;) {
    const auto pause = policy.died(ran);
    auto& outlook = outlooks_[name];
    outlook = pause ? "it is started again"
                    : fmt::format(
                          "it died {} times in a row and stays down: its log says why; stop and start the "
                          "environment to try again",
                          RestartPolicy::kMostDeaths + 1);
    if (machine_.notices != nullptr)
      machine_.notices->notice(id_, "ProgramDied", fmt::format("{}; {}.", words, outlook));
    if (!pause) co_return false;
    co_await net::sleep_for(machine_.runtime, *pause);
    const auto started = co_await start(name);
    if (started) {
      outlooks_.erase(name);
      co_return true;
    }
    words = fmt::format("The program {} cannot be started again: {}", name, started.error().message);
    ran = milliseconds(0);
  }
}

net::Task<void> Tender::start(std::string name) {
  const auto folder = place_.process(name);
  auto spec = CO_TRY(machine_.supervisors.spec(folder));
  // Where the supervisor was killed too, what it guarded may still be there, and hold the port.
  CO_TRY(co_await machine_.supervisors.stop(folder));
  CO_TRY(co_await machine_.supervisors.start(folder, std::move(spec)));
  co_return base::Result<void>();
}

}  // namespace slipway::provider::local::programs
