#pragma once
// Where environments live. Documents act through workflow actions; this interface answers live questions and keeps
// what runs in the state that was asked for. `local` and `aws` implement it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "broker/activity.h"
#include "broker/environment.h"
#include "broker/environment_type.h"
#include "net/task.h"
#include "workflow/plan.h"

namespace slipway::broker {

struct Instance {
  std::string id;     // i-0123456789abcdef0
  std::string type;   // t3.micro, as written in the configuration
  std::string state;  // EC2's words: pending, running, shutting-down, terminated, stopping, stopped
  std::string role;   // HeadNode, ComputeNode, LoginNode
  std::string queue;  // empty where none
  std::string node;   // scheduler's node name, empty where none
  std::string private_address;
  std::string public_address;  // empty where none
  base::Time launched_at;
  std::string problem;  // why it is unhealthy, empty where it is well
};

enum class FleetStatus { unknown, start_requested, starting, running, stop_requested, stopping, stopped };

// Tables of environment types, each of the version that an environment was launched with.
class TypeTables {
 public:
  virtual ~TypeTables() = default;
  virtual bool has(const Environment& environment, std::string_view name) const = 0;
  // Of `environment`, which may not be written yet; by id, of a written one. Errors: invalid where its type has no such
  // table, not_found where there is no such environment.
  virtual base::Result<boost::json::object> table(const Environment& environment, std::string_view name) const = 0;
  virtual base::Result<boost::json::object> table(const base::EnvironmentId& id, std::string_view name) const = 0;
};

// Where the HTTP server of an environment's program listens on this machine. For the broker alone.
struct Endpoint {
  std::uint16_t port = 0;
  base::Secret authorization;  // value of the header Authorization; empty: it wants none
  std::string prefix;          // its paths begin with that: connect_path(environment), or nothing
};

// Whom a provider tells what becomes by itself of an environment that it looks after.
class Notices {
 public:
  virtual ~Notices() = default;
  // Puts it on record and tells followers. `what`: the audit record's word, such as ProgramDied; `words`: a sentence
  // for people. Returns at once.
  virtual void notice(const base::EnvironmentId& id, std::string what, std::string words) = 0;
};

class Provider {
 public:
  virtual ~Provider() = default;
  virtual std::string_view name() const = 0;  // "local"
  virtual bool serves(std::string_view region) const = 0;
  // Cheap checks before a launch is accepted: instance types known, programs installed, limits. Changes nothing.
  // `launch`: the document that would make it.
  virtual base::Result<void> check(const Environment& wanted, const workflow::Plan& launch) const = 0;
  // What runs now, head node first. Changes nothing, never waits long.
  virtual std::vector<Instance> instances(const Environment& environment) const = 0;
  virtual FleetStatus fleet(const Environment& environment) const = 0;
  // Ends the compute instances (not the head node); static ones come back while the fleet is to run. Idempotent.
  virtual net::Task<void> terminate_instances(Environment environment) = 0;
  // Looks after an available environment: brings what runs to what is wanted (environment.fleet), until release().
  // Called again whenever the environment changes and for every live one at start. Idempotent, level-triggered.
  virtual void tend(const Environment& environment) = 0;
  virtual void release(const base::EnvironmentId& id) = 0;
  // Where it tells what becomes of them; null, as at the beginning: nowhere.
  virtual void report_to(Notices* /*notices*/) {}
  // Whether the environment is in use, for its type's idle rule, as far as that shows from outside. What is unknown
  // ends nothing. Changes nothing of it; may compare with what an earlier call saw.
  virtual net::Task<Activity> activity(Environment /*environment*/) { co_return Activity{}; }
  // What its endpoint answers with status 200 to a GET of `path` (whole, with the prefix), at most 1 MiB of JSON.
  // Errors: those of endpoint(); unavailable where nobody answers so. Has no deadline of its own.
  virtual net::Task<boost::json::value> ask(Environment environment, EndpointRule /*rule*/,
                                            std::string /*path*/) const {
    co_return base::invalid(environment.name + " has no endpoint that this broker can reach");
  }
  // How the broker reaches it; Endpoint::prefix is the caller's matter. Errors: invalid where it has none; conflict
  // with code NoPort, not_found with code NoSecret where its launch did not get so far; unavailable with code
  // ProgramDied.
  virtual net::Task<Endpoint> endpoint(Environment environment, EndpointRule /*rule*/) const {
    co_return base::invalid(environment.name + " has no endpoint that this broker can reach");
  }
  // Facts of this place for a client, such as the path of slurm.conf: tags of DescribeCluster.
  virtual std::vector<std::pair<std::string, std::string>> tags(const Environment& environment) const = 0;
  // Resources on this machine that belong to no environment in `live`: folders and processes. For the sweep at start.
  virtual std::vector<std::string> leftovers(const std::vector<base::EnvironmentId>& live) const = 0;
  virtual net::Task<void> remove_leftover(std::string leftover) = 0;
};

}  // namespace slipway::broker
