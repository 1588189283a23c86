#pragma once
// Which server a command talks to, whom it trusts and as whom it signs: from the options, the environment and the local
// broker's data folder. Opens no connection.

#include <filesystem>
#include <string>

#include "base/result.h"
#include "cli/credentials.h"

namespace slipway::cli {

class Command;

// What every command that calls the API takes as options; empty means not given.
struct Settings {
  std::string url;
  std::string ca;
  std::string region;
  std::string profile;
  std::string data_dir;
  std::string output = "table";
};
// `without_url`: what is taken where --url is not given.
void add_settings(Command& command, Settings& settings,
                  const std::string& without_url = "the local broker's, from its data folder");
// The data folder and the form of the answer alone, for commands that call nobody.
void add_local_settings(Command& command, Settings& settings);

struct Connection {
  std::string url;      // without a slash at the end
  std::string ca_file;  // empty: the system's authorities
  std::string region;   // asked for with --region; empty: the server's default
  std::string signing_region;
  FoundCredentials credentials;
  bool local = false;  // found through, or equal to, the local broker's endpoint
};

// Errors: unavailable (no broker to be found), forbidden (its data folder belongs to somebody else), and those of
// find_credentials.
base::Result<Connection> find_server(const Settings& settings, const Variables& variables);

// --data-dir, else config::default_data_dir().
std::filesystem::path data_dir_of(const Settings& settings);

}  // namespace slipway::cli
