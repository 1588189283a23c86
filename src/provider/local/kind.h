#pragma once
// A kind of environments on this machine: a Slurm cluster (slurm/), programs (programs/). What each answers and does is
// what broker::Provider says of the function of that name. On the I/O thread.

#include "broker/environment.h"
#include "broker/provider.h"
#include "net/task.h"

namespace slipway::provider::local {

class Kind {
 public:
  virtual ~Kind() = default;
  // Asked for every launch: a document may hold actions of both. Succeeds where it has none of this kind.
  virtual base::Result<void> check(const broker::Environment& wanted, const workflow::Plan& launch) const = 0;
  virtual std::vector<broker::Instance> instances(const broker::Environment& environment) const = 0;
  virtual broker::FleetStatus fleet(const broker::Environment& environment) const = 0;
  virtual net::Task<void> terminate_instances(broker::Environment environment) = 0;
  virtual net::Task<broker::Activity> activity(broker::Environment environment) = 0;
  virtual void tend(const broker::Environment& environment) = 0;
  // Returns when nobody looks after it any more and nothing is under way. What runs goes on. Idempotent.
  virtual boost::asio::awaitable<void> release(base::EnvironmentId id) = 0;
  virtual std::vector<std::pair<std::string, std::string>> tags(const broker::Environment& environment) const = 0;
  // release() of all.
  virtual boost::asio::awaitable<void> stop() = 0;
};

}  // namespace slipway::provider::local
