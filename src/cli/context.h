#pragma once
// What a command gets besides its own options: the terminal, the environment, and a way to reach the server. Built once
// by run() in commands.cc, and by tests with everything replaced.

#include <chrono>
#include <functional>
#include <iosfwd>

#include "cli/client.h"
#include "cli/credentials.h"

namespace slipway::cli {

struct View;

struct Context {
  std::ostream& out;  // data
  std::ostream& err;  // progress and complaints
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  Variables variables;
  // Opens what carries the bytes to a server.
  std::function<base::Result<Transport>(const Connection&)> transport;
  // Waits that long; false where the person pressed Ctrl-C meanwhile (or before).
  std::function<bool(std::chrono::milliseconds)> pause;

  base::Result<Client> connect(const Settings& settings) const;
  void show(const View& view, const Settings& settings) const;
};

}  // namespace slipway::cli
