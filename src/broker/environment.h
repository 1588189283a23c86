#pragma once
// The one truth behind the dialects: an environment, as the broker keeps it.

#include <boost/json/object.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"

namespace slipway::broker {

enum class Status {
  pending,             // launch accepted, its execution runs
  available,           // launch or start succeeded
  starting,            // start accepted, its execution runs
  stopping,            // stop accepted, its execution runs
  stopped,             // what it is made of is kept, nothing of it runs
  starting_failed,     // may be started, stopped or terminated
  stopping_failed,     // the same
  failed,              // launch failed; rolled_back tells whether anything of it is left
  terminating,         // terminate accepted
  terminated,          // gone; kept for `why`
  terminating_failed,  // something is left
};
std::string_view to_string(Status status);
std::optional<Status> status_from(std::string_view text);

enum class Fleet { running, stopped };  // what was asked of the compute nodes
std::string_view to_string(Fleet fleet);

struct Failure {
  std::string code;    // such as "NoFreePort"
  std::string reason;  // one sentence: cause and remedy
};

struct Environment {
  base::EnvironmentId id;
  std::string name;
  std::string type;      // "parallelcluster"
  int type_version = 0;  // of the type; 0: launched before types had versions
  std::string region;    // "local", "eu-west-2"
  std::string owner;     // caller's name
  Status status = Status::pending;
  bool rolled_back = false;   // with failed: nothing of it is left running
  bool rolling_back = false;  // with failed: the rollback still runs
  std::optional<Failure> failure;
  boost::json::object parameters;  // launch parameters, as the type declares them
  std::map<std::string, std::string> tags;
  std::string request_document;  // exact text the client sent (a cluster configuration)
  boost::json::object outputs;   // of the launch document
  // Texts in parameters, document and outputs that nobody may see (workflow/secrets.h). Where there is one, these three
  // are stored sealed.
  std::vector<std::string> secrets;
  Fleet fleet = Fleet::running;
  base::Time fleet_updated_at;
  base::Time created_at;
  base::Time updated_at;
  std::string correlation_id;
  // What the type's `instance` found in the results of the launch; each may be empty.
  std::string instance_id;
  std::string instance_arn;
  std::string instance_role;
  std::optional<base::Time> expires_at;      // when it ends by itself; unset: never
  std::optional<base::Time> warned_at;       // when that was announced
  std::optional<base::Time> last_active_at;  // to the minute; unset: not seen yet
};

// True while something of the environment may be left on its provider.
bool has_resources(const Environment& environment);

}  // namespace slipway::broker
