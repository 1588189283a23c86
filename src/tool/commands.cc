#include "tool/commands.h"

#include "cli/types.h"
#include "tool/types.h"

namespace slipway::tool {

void add_commands(cli::Command& root, const cli::Context& context) {
  add_doctor(root, context);
  add_backup(root, context);
  add_restore(root, context);
  auto types = root.add("types", "Look after environment types");
  cli::add_types(types, context);
  add_types_new(types, context);
  add_types_push(types, context);
  add_types_lint(types, context);
  add_types_schema(types, context);
  add_types_show(types, context);
  add_types_diff(types, context);
  add_types_test(types, context);
  add_verify(root, context);
}

}  // namespace slipway::tool
