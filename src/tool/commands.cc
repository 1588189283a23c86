#include "tool/commands.h"

namespace slipway::tool {

void add_commands(cli::Command& root, const cli::Context& context) {
  add_doctor(root, context);
  add_backup(root, context);
  add_restore(root, context);
}

}  // namespace slipway::tool
