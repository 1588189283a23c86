#pragma once
// Looks after the programs of one environment that is available: one that dies is started again as it was, less and
// less soon, and stays down when that does not help (restart_policy.h). One that ends with exit code 0 ended because it
// was asked to, and stays down too. On the I/O thread.

#include <boost/asio/awaitable.hpp>
#include <map>
#include <string>

#include "provider/local/programs/place.h"
#include "provider/local/programs/restart_policy.h"

namespace slipway::provider::local::programs {

class Tender {
 public:
  // Begins at once, with the programs that there are now.
  Tender(const Machine& machine, base::EnvironmentId id, RestartPolicy policy = RestartPolicy());
  // Returns when nothing is under way; the programs stay as they are. Twice is harmless.
  boost::asio::awaitable<void> stop();

  // What will become of a program that is down; empty where that is unknown.
  std::string outlook(const std::string& name) const;

 private:
  boost::asio::awaitable<void> tend(std::string name);
  // False: it stays down.
  boost::asio::awaitable<bool> start_again(std::string name, process::Status ended, RestartPolicy& policy);
  net::Task<void> start(std::string name);

  const Machine& machine_;
  base::EnvironmentId id_;
  Place place_;
  RestartPolicy policy_;  // of each program in the beginning
  net::TaskGroup group_;
  std::map<std::string, std::string> outlooks_;
};

}  // namespace slipway::provider::local::programs
