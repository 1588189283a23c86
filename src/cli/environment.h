#pragma once
// What the `slipway env` commands share: the group's declarations, one a file, and how an environment is waited for.

#include <string>

#include "cli/command.h"
#include "cli/context.h"
#include "cli/output.h"
#include "cli/wait.h"

namespace slipway::cli {

void add_env_launch(Command& group, const Context& context);
void add_env_list(Command& group, const Context& context);
void add_env_show(Command& group, const Context& context);
// terminate, start, stop: env_change.cc.
void add_env_changes(Command& group, const Context& context);
void add_env_connect(Command& group, const Context& context);
void add_env_extend(Command& group, const Context& context);
void add_env_resources(Command& group, const Context& context);

void add_env_argument(Command& command, std::string& name);
// "/slipway/v1/environments/NAME" + `rest`.
std::string env_path(const std::string& name, std::string_view rest = {});
// Of one environment as the API answers it.
View env_view(boost::json::value environment);

// Waits while the environment's status is `busy`, then shows it: ok with `good`, environment_failed with anything else.
// `title`: "Launching demo".
base::Result<ExitCode> wait_for_env(const Context& context, const Client& client, const Settings& settings,
                                    const WaitOptions& options, const std::string& id, const std::string& title,
                                    const std::string& busy, const std::string& good);

}  // namespace slipway::cli
