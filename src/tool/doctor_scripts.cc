#include <fmt/format.h>

#include "net/runtime.h"
#include "process/supervisor.h"
#include "server/privileges.h"
#include "tool/finding.h"
#include "workflow/execute_script.h"

namespace slipway::tool {

Finding check_scripts(const server::Settings& settings) {
  net::Runtime runtime;
  process::Supervisors supervisors(runtime, "/proc/self/exe", server::environments_account());
  const auto able = net::run_to_end(runtime, [&] { return workflow::try_sandbox(supervisors, settings.scripts); });
  if (able) {
    return {.check = "scripts",
            .what = fmt::format("documents' scripts can be confined here; they are {}",
                                settings.scripts.enabled ? "on" : "off (scripts.enabled)")};
  }
  const auto* remedy = able.error().code == "NoNamespaces" ? "see there, or leave scripts.enabled off"
                                                           : "install python3, or leave scripts.enabled off";
  return {"scripts", settings.scripts.enabled ? Level::problem : Level::note, able.error().message, remedy};
}

}  // namespace slipway::tool
