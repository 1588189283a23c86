#include "tool/commands.h"

namespace slipway::tool {

void add_commands(cli::Command& root, const cli::Context& context) {
  add_doctor(root, context);
  add_backup(root, context);
  add_restore(root, context);
  auto types = root.add("types", "Look after environment types");
  add_types_test(types, context);
  add_verify(root, context);
}

}  // namespace slipway::tool
