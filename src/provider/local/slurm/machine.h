#pragma once
// What everything in this folder works with. Outlives all of it.

#include "broker/ports.h"
#include "broker/resources.h"
#include "net/runtime.h"
#include "process/supervisor.h"
#include "provider/local/settings.h"
#include "provider/local/slurm/folder.h"

namespace slipway::provider::local::slurm {

struct Machine {
  net::Runtime& runtime;
  process::Supervisors& supervisors;
  broker::Ports& ports;
  broker::Resources& resources;
  LocalSettings settings;
  Account account;
  std::string installation;  // whose clusters these are
};

}  // namespace slipway::provider::local::slurm
