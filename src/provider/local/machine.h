#pragma once
// What every kind of environment on this machine works with. Made by the provider; outlives all of it.

#include <optional>

#include "broker/ports.h"
#include "broker/provider.h"
#include "broker/resources.h"
#include "net/runtime.h"
#include "process/supervisor.h"
#include "provider/local/settings.h"

namespace slipway::provider::local {

// That environments run as; unset: the broker's own.
using Account = std::optional<process::Account>;

struct Machine {
  net::Runtime& runtime;
  process::Supervisors& supervisors;
  broker::Ports& ports;
  broker::Resources& resources;
  LocalSettings settings;
  Account account;
  std::string installation;            // whose environments these are
  broker::Notices* notices = nullptr;  // null: nobody listens
};

}  // namespace slipway::provider::local
