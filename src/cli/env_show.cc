#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <memory>
#include <ostream>

#include "base/text.h"
#include "cli/environment.h"
#include "cli/steps.h"
#include "cli/table.h"

namespace slipway::cli {

namespace {

struct Options {
  Settings settings;
  std::string name;
};

// A row for each member of the object of that name; `before`: what stands before the member's name.
void add_members(Table& table, const boost::json::value& environment, std::string_view of, const std::string& before) {
  const auto* members = environment.as_object().if_contains(of);
  if (members == nullptr || !members->is_object()) return;
  for (const auto& [name, value] : members->get_object()) {
    table.add({before + std::string(name),
               value.is_string() ? std::string(value.get_string()) : boost::json::serialize(value)});
  }
}

base::Result<ExitCode> show(const Context& context, const Options& options) {
  auto client = TRY(context.connect(options.settings));
  context.show(env_view(TRY(client.call({.method = "GET", .path = env_path(options.name)}))), options.settings);
  return ExitCode::ok;
}

base::Result<Look> look_at(const Client& client, const std::string& id, const std::string& busy,
                           const std::string& good) {
  auto environment = TRY(client.call({.method = "GET", .path = env_path(id)}));
  Look look;
  const auto status = text_at(environment, "/status");
  if (status == busy || text_at(environment, "/rollingBack") == "true") {
    add_current_step(client, id, look);
    return look;
  }
  look.end = status == good ? ExitCode::ok : ExitCode::environment_failed;
  return look;
}

}  // namespace

void add_env_argument(Command& command, std::string& name) {
  command.argument("NAME", name, "The environment's name or id", {.completes = Completes::environments});
}

std::string env_path(const std::string& name, std::string_view rest) {
  return fmt::format("/slipway/v1/environments/{}{}", base::percent_encode(name), rest);
}

View env_view(boost::json::value environment) {
  Table table;
  for (const auto& [head, pointer] : {std::pair{"Name", "/name"},
                                      {"Id", "/id"},
                                      {"Type", "/type"},
                                      {"Type version", "/typeVersion"},
                                      {"Configuration", "/configuration"},
                                      {"Region", "/region"},
                                      {"Owner", "/owner"},
                                      {"Status", "/status"},
                                      {"Failure", "/failure/message"}}) {
    if (auto text = text_at(environment, pointer); !text.empty()) table.add({head, std::move(text)});
  }
  for (const auto& [head, pointer] :
       {std::pair{"Created", "/createdAt"}, {"Ends", "/expiresAt"}, {"Last used", "/lastActiveAt"}}) {
    if (const auto time = text_at(environment, pointer); !time.empty()) table.add({head, readable_time(time)});
  }
  add_members(table, environment, "parameters", "Parameter ");
  add_members(table, environment, "outputs", "");
  View view{.data = {}, .table = table.text(), .names = {text_at(environment, "/name")}};
  view.data = std::move(environment);
  return view;
}

base::Result<ExitCode> wait_for_env(const Context& context, const Client& client, const Settings& settings,
                                    const WaitOptions& options, const std::string& id, const std::string& title,
                                    const std::string& busy, const std::string& good) {
  auto end = TRY(wait_for(context, title, options, [&] { return look_at(client, id, busy, good); }));
  if (end != ExitCode::ok && end != ExitCode::environment_failed) return end;
  auto view = env_view(TRY(client.call({.method = "GET", .path = env_path(id)})));
  if (end == ExitCode::environment_failed) {
    context.err << fmt::format("slipway: {0} is {1}. See `slipway why {2}`.\n", view.names.front(),
                               text_at(view.data, "/status"), id);
  }
  context.show(view, settings);
  return end;
}

void add_env_show(Command& group, const Context& context) {
  auto options = std::make_shared<Options>();
  auto command = group.add("show", "Show one environment, also one that is gone");
  add_env_argument(command, options->name);
  add_settings(command, options->settings);
  command.run([&context, options] { return show(context, *options); });
}

}  // namespace slipway::cli
