#pragma once
// What environments make, recorded durably before it is made. Actions of providers call this; the sweep of what
// outlives its environment reads it. Knows no provider.

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "storage/database.h"
#include "storage/resources.h"

namespace slipway::broker {

// Kinds of resources on this machine.
inline constexpr std::string_view kFolder = "folder";    // a path; everything below belongs to it
inline constexpr std::string_view kProcess = "process";  // the folder that a supervised process, or several, have
inline constexpr std::string_view kPort = "port";        // a TCP port, as a number

struct Resource {
  std::string kind;
  std::string locator;
};

class Resources {
 public:
  Resources(storage::Database& database, const base::Clock& clock);

  // Call it before they are made: durable when it returns. `token`: of the effect that makes them. Idempotent. Errors:
  // conflict where there is no such environment.
  net::Task<void> record(base::EnvironmentId id, std::string region, std::string token, std::vector<Resource> made);
  // They are there. Idempotent.
  net::Task<void> present(base::EnvironmentId id, std::vector<Resource> made);
  // They are not there any more. Idempotent.
  net::Task<void> gone(base::EnvironmentId id, std::vector<Resource> made);

 private:
  storage::Database& database_;
  const base::Clock& clock_;
};

// What may be done about a resource that outlived its environment (automation-documents.md, 2.12). Leftovers on this
// machine are swept without asking; nothing asks this rule before there are resources elsewhere, in AWS (issue C),
// which prove by the token they bear whose they are.
enum class LeftoverRule {
  sweep,  // take it away at once
  wait,   // what was asked for last may still be on its way
  reap,   // take it away: it is ours beyond doubt, and the operator allows that
  list,   // a person decides
};
std::string_view to_string(LeftoverRule rule);  // "sweep"

struct Orphan {
  bool local = false;        // on this machine, where a name proves whose it is
  std::string token;         // of the effect that made it, as recorded
  std::string proven_token;  // that it bears itself; empty: none was seen
  base::Time since{};        // when its environment was gone
};
LeftoverRule leftover_rule(const Orphan& orphan, bool reap_orphans, base::Time now);

}  // namespace slipway::broker
