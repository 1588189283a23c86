#pragma once
// Programs of an environment under supervision: starting, waiting until they answer, ending, and how they show. Used by
// the actions and the provider. On the I/O thread.

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "broker/provider.h"
#include "provider/local/programs/place.h"
#include "provider/local/programs/use.h"

namespace slipway::provider::local::programs {

struct ProgramRequest {
  std::string name = "main";
  std::string program{};  // absolute, or a path of the environment's folder
  std::vector<std::string> arguments{};
  std::map<std::string, std::string> environment{};  // added to PATH, HOME and LANG
  std::string folder{};                              // working directory, a path of the environment's folder
  std::int64_t memory_mib = 0;                       // that each of its processes may use; 0: no limit
  std::int64_t cpu_seconds = 0;                      // the same
};

// Starts it, or adopts what runs under that name. Errors: PathOutside, BadName, ProgramMissing, ProgramNotStarted.
net::Task<void> start(const Machine& machine, Place place, ProgramRequest request);

// Returns when something listens on the port of 127.0.0.1, and, where `path` is not empty, answers a GET with the
// status. Errors: ProgramDied where the program of that name ended meanwhile, NoAnswer after `patience`; with the
// program's last lines.
net::Task<void> wait_for_answer(const Machine& machine, Place place, std::string name, std::uint16_t port,
                                std::string path, int status, std::chrono::milliseconds patience);

// Ends all programs of the environment with every descendant, and returns when none is left. Idempotent.
net::Task<void> stop(const Machine& machine, Place place);
// Ends one, which is none of the environment's any more: its folder and its log go too. Idempotent. Errors: BadName.
net::Task<void> stop(const Machine& machine, Place place, std::string name);

// Errors: conflict with code NoPort where the environment has reserved none.
base::Result<std::uint16_t> first_port(const Machine& machine, const base::EnvironmentId& id);
// As Provider::endpoint.
net::Task<broker::Endpoint> endpoint(const Machine& machine, base::EnvironmentId id, broker::EndpointRule rule);

// "ended with exit code 3".
std::string how_it_ended(const process::Status& status);
// What shows of their use now.
net::Task<Use> look_at_use(const Machine& machine, base::EnvironmentId id);

// What the endpoint answers, as Provider::ask.
net::Task<boost::json::value> ask(const Machine& machine, broker::Endpoint endpoint, std::string path);

}  // namespace slipway::provider::local::programs
