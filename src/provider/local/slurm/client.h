#pragma once
// Slurm's own commands against one cluster: what its controller says of the nodes, and orders to it. Each call is a
// process of some 20 ms. Used by the actions and the keeper.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "broker/activity.h"
#include "net/task.h"
#include "provider/local/machine.h"
#include "provider/local/slurm/paths.h"

namespace slipway::provider::local::slurm {

// The controller's view of a node, in sinfo's words: idle, mixed~, down*.
struct NodeView {
  std::string state;   // without its mark
  char mark = 0;       // ~ powered down, % powering down, ! about to be, # powering up, * does not answer; 0: none
  std::string reason;  // why it is down; may be empty
  bool accepts_jobs() const;  // registered, up and not about to go
  bool is_down() const { return state == "down"; }
  bool is_off() const { return mark == '~'; }
  bool is_going() const { return mark == '%' || mark == '!'; }
  bool is_coming() const { return mark == '#' || state == "unknown"; }
  bool is_silent() const { return mark == '*'; }
};

struct ClusterView {
  std::map<std::string, NodeView, std::less<>> nodes;
  std::map<std::string, std::string, std::less<>> partitions;  // up, inactive, down, drain
};

// Reads `sinfo -h -N -o "%N|%R|%a|%T|%E"`. Lines that are none are left out.
ClusterView parse_sinfo(std::string_view output);

// Reads `squeue -h -a -t all -o "%T|%e"` with times in seconds since 1970: in use while any job waits or runs; last,
// when the last of those that Slurm still remembers has ended.
broker::Activity parse_squeue(std::string_view output);

class Client {
 public:
  Client(const Machine& machine, Paths paths) : machine_(machine), paths_(std::move(paths)) {}

  // Errors of all: unavailable with code NoAnswer (the controller does not answer), CommandFailed (it refused), or
  // ProgramMissing; with the exit code and the command's last lines as evidence.
  net::Task<void> ping() const;
  net::Task<ClusterView> view() const;
  net::Task<broker::Activity> activity() const;
  // `order` is what follows scontrol update, such as {"state=power_up"}; no names: nothing is done.
  net::Task<void> update_nodes(std::vector<std::string> nodes, std::vector<std::string> order) const;
  net::Task<void> set_partition(std::string partition, bool up) const;

 private:
  net::Task<std::string> run(std::vector<std::string> command,
                             const std::map<std::string, std::string>& environment = {}) const;

  const Machine& machine_;
  Paths paths_;
};

}  // namespace slipway::provider::local::slurm
