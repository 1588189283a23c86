#include <fmt/format.h>

#include <boost/json/value.hpp>
#include <iostream>
#include <iterator>
#include <memory>

#include "cli/api_error.h"
#include "cli/cluster.h"
#include "cli/text_file.h"

namespace slipway::cli {

namespace {

namespace json = boost::json;

struct Options {
  Settings settings;
  WaitOptions wait;
  std::string name;
  std::string config;
  bool dryrun = false;
  std::optional<bool> rollback_on_failure;
  std::vector<std::string> suppress_validators;
  std::string validation_failure_level;
};

base::Result<std::string> configuration(const std::string& file) {
  if (file != "-") return read_text_file(file);
  return std::string(std::istreambuf_iterator<char>(std::cin), {});
}

Call create_call(const Options& options, const std::string& text) {
  Call call{.method = "POST", .path = "/v3/clusters"};
  if (options.dryrun) call.query.emplace_back("dryrun", "true");
  if (options.rollback_on_failure) {
    call.query.emplace_back("rollbackOnFailure", *options.rollback_on_failure ? "true" : "false");
  }
  for (const auto& one : options.suppress_validators) call.query.emplace_back("suppressValidators", one);
  if (!options.validation_failure_level.empty()) {
    call.query.emplace_back("validationFailureLevel", options.validation_failure_level);
  }
  call.body = json::object{{"clusterName", options.name}, {"clusterConfiguration", text}};
  return call;
}

void tell_findings(const Context& context, const json::value& answer) {
  for (const auto& finding : items_at(answer, "/validationMessages")) {
    context.err << fmt::format("{} {}: {}\n", text_at(finding, "/level"), text_at(finding, "/type"),
                               text_at(finding, "/message"));
  }
}

base::Result<ExitCode> wait_for_creation(const Context& context, const Client& client, const Options& options) {
  auto look = [&] { return look_at_cluster(client, options.name, "CREATE_IN_PROGRESS", "CREATE_COMPLETE"); };
  auto end = TRY(wait_for(context, "Creating cluster " + options.name, options.wait, look));
  if (end == ExitCode::interrupted) {
    context.err << fmt::format(
        "Look at it with `slipway cluster describe {0}`; delete it with `slipway cluster delete "
        "{0}`.\n",
        options.name);
    return end;
  }
  auto cluster = TRY(describe_cluster(client, options.name));
  auto failure = failure_of(cluster);
  context.show(cluster_view(std::move(cluster)), options.settings);
  if (end == ExitCode::environment_failed) {
    context.err << fmt::format("slipway: Cluster '{0}' could not be created: {1} See `slipway why {0}`.\n",
                               options.name, failure.empty() ? "no reason was given." : failure + ".");
  }
  return end;
}

base::Result<ExitCode> create(const Context& context, const Options& options) {
  auto text = TRY(configuration(options.config));
  auto client = TRY(context.connect(options.settings));
  auto answer = TRY(client.send(create_call(options, text)));
  if (options.dryrun && answer.status == 412) {
    tell_findings(context, answer.body);
    context.show({.data = answer.body, .table = text_at(answer.body, "/message") + "\n", .names = {options.name}},
                 options.settings);
    return ExitCode::ok;
  }
  if (answer.status / 100 != 2) return error_of(answer, client.connection());
  tell_findings(context, answer.body);
  if (options.wait.wanted(context)) return wait_for_creation(context, client, options);
  auto line = fmt::format("{}: {}. Follow it with `slipway why {}`.\n", options.name,
                          text_at(answer.body, "/cluster/clusterStatus"), options.name);
  context.show({.data = answer.body, .table = std::move(line), .names = {options.name}}, options.settings);
  return ExitCode::ok;
}

}  // namespace

void add_cluster_create(Command& group, const Context& context) {
  auto options = std::make_shared<Options>();
  auto command = group.add("create", "Create a cluster from a ParallelCluster 3 configuration");
  command.argument("NAME", options->name, "A letter, then letters, digits and hyphens");
  command.option("-c,--config", options->config, "Configuration (YAML); - reads standard input",
                 {.placeholder = "FILE",
                  .variable = "SLIPWAY_CLUSTER_CONFIG",  // SLIPWAY_CONFIG is the broker's own settings file
                  .completes = Completes::files,
                  .required = true});
  command.flag("--dryrun", options->dryrun, "Check the configuration, create nothing");
  command.option("--rollback-on-failure", options->rollback_on_failure,
                 "Remove what a failed creation left; default true");
  command.option("--suppress-validators", options->suppress_validators, "ALL or type:NAME; may be repeated",
                 {.placeholder = "WHICH"});
  command.option("--validation-failure-level", options->validation_failure_level,
                 "Findings of this level refuse the configuration; default ERROR",
                 {.choices = {"INFO", "WARNING", "ERROR"}});
  add_wait_options(command, options->wait);
  add_settings(command, options->settings);
  command.run([&context, options] { return create(context, *options); });
}

}  // namespace slipway::cli
