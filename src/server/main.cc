// One binary: the broker, its supervisors, its command line and its offline tools.

#include <string_view>

#include "cli/commands.h"
#include "process/supervisor.h"
#include "server/serve.h"
#include "tool/commands.h"

int main(int argc, char** argv) {
  using namespace slipway;
  // Before anything else: a supervisor has one thread, few files and no settings.
  if (argc == 3 && std::string_view(argv[1]) == "supervise") return process::supervise(argv[2]);
  return cli::run(argc, argv, SLIPWAY_VERSION, {server::add_serve, tool::add_commands});
}
