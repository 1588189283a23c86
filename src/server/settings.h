#pragma once
// Every setting of the broker, gathered from the folders that own them. Read once, in serve.cc, before anything starts.

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "auth/sigv4_authenticator.h"
#include "broker/lifetime.h"
#include "config/reader.h"
#include "http/server.h"
#include "observe/log.h"
#include "provider/local/settings.h"
#include "server/crash_points.h"
#include "workflow/engine.h"
#include "workflow/execute_script.h"

namespace slipway::server {

struct Settings {
  std::filesystem::path data_dir;        // database, TLS files, credentials, endpoint; 0700
  std::filesystem::path key_file;        // seals secrets of access keys; default DIR/sealing.key
  std::filesystem::path types_dir;       // environment types; default: those that came with the program
  std::vector<std::string> more_types;   // further folders that hold types; a later one wins over an earlier one
  std::filesystem::path instance_types;  // operator's additions to the table of instance types; empty: none
  std::string default_region = "local";  // of a request that names none
  http::ServerSettings http;
  observe::LogSettings log;
  auth::Sigv4Settings sigv4;
  workflow::EngineSettings engine{.running = 16};  // executions at once; a Slurm cluster starts in well under a second
  broker::LifetimeSettings lifetimes;
  workflow::ScriptSettings scripts;
  provider::local::LocalSettings local;
  CrashSettings crash;  // no setting, but hidden options of `serve`
};

// Fills the settings. `data_dir`: from --data-dir, else by the default rule. Mistakes are kept in `reader`.
Settings read_settings(config::Reader& reader, const std::filesystem::path& data_dir);

// share/slipway/types of an installed program, types/ of a build tree. `program`: path of the running binary.
std::filesystem::path default_types_dir(const std::filesystem::path& program);

}  // namespace slipway::server
