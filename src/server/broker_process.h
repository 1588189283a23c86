#pragma once
// The broker, built in order and taken down in reverse: every object is made here and handed on by reference.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "process/supervisor.h"
#include "server/settings.h"

namespace slipway::server {

class BrokerProcess {
 public:
  // `account`: what environments run as, where the broker was started as root.
  BrokerProcess(Settings settings, std::optional<process::Account> account);
  ~BrokerProcess();

  // Starts everything, calls `ready` with the first listener's URL, and serves until SIGTERM or SIGINT. Then it
  // finishes what is in flight; a second signal ends it at once. SIGHUP reads the certificates again. What runs in
  // environments goes on. Returns the error that kept it from starting.
  base::Result<void> run(std::function<base::Result<void>(const std::string& url)> ready);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace slipway::server
