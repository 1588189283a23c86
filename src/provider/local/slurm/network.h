#pragma once
// Where the daemons of a cluster listen, which the host's own name decides. Used by what makes clusters and by doctor.

#include <string>
#include <string_view>
#include <vector>

namespace slipway::provider::local::slurm {

// How the host's name resolves decides which address the daemons use and whether Slurm can be told to listen there
// only.
struct Network {
  enum class Listen {
    loopback,    // all on 127.0.0.1
    controller,  // slurmctld alone; slurmd and srun's ports are open, guarded by munge
    open,        // all open, guarded by munge
  };
  std::string host{};  // short name
  std::string address = "127.0.0.1";
  Listen listen = Listen::open;
};

// This machine's name as it calls itself.
std::string host_name();
// IPv4 addresses that the name resolves to, the preferred one first; empty: none. May block for as long as DNS does.
std::vector<std::string> addresses_of(const std::string& host);
// Of a host and its addresses.
Network choose_network(std::string_view host, const std::vector<std::string>& addresses);

}  // namespace slipway::provider::local::slurm
