#include <boost/json/value.hpp>
#include <memory>

#include "cli/environment.h"
#include "cli/table.h"

namespace slipway::cli {

namespace {

struct Options {
  Settings settings;
  std::string type;
  std::string status;
};

base::Result<ExitCode> list(const Context& context, const Options& options) {
  auto client = TRY(context.connect(options.settings));
  Call call{.method = "GET", .path = "/slipway/v1/environments"};
  if (!options.type.empty()) call.query.emplace_back("type", options.type);
  if (!options.status.empty()) call.query.emplace_back("status", options.status);
  if (!options.settings.region.empty()) call.query.emplace_back("region", options.settings.region);
  auto environments = TRY(client.all_pages(call, "environments"));
  Table table({"NAME", "TYPE", "REGION", "STATUS", "OWNER", "CREATED", "ID"});
  View view;
  for (const auto& one : environments) {
    table.add({text_at(one, "/name"), text_at(one, "/type"), text_at(one, "/region"), text_at(one, "/status"),
               text_at(one, "/owner"), readable_time(text_at(one, "/createdAt")), text_at(one, "/id")});
    view.names.push_back(text_at(one, "/name"));
  }
  view.table = table.text();
  view.data = boost::json::object{{"environments", std::move(environments)}};
  context.show(view, options.settings);
  return ExitCode::ok;
}

}  // namespace

void add_env_list(Command& group, const Context& context) {
  auto options = std::make_shared<Options>();
  auto command = group.add("list", "List the environments of every type");
  command.option("--type", options->type, "Only those of this type", {.variable = "-"});
  command.option("--status", options->status, "Only those in this state, such as available or terminated",
                 {.placeholder = "STATUS", .variable = "-"});
  add_settings(command, options->settings);
  command.run([&context, options] { return list(context, *options); });
}

}  // namespace slipway::cli
