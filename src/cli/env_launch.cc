#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <memory>
#include <ostream>

#include "cli/environment.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/text_file.h"

namespace slipway::cli {

namespace {

namespace json = boost::json;

struct Options {
  Settings settings;
  WaitOptions wait;
  std::string type;
  std::string name;
  int version = 0;
  std::string configuration;
  std::string file;
  std::string time_to_live;
  std::vector<std::string> parameters;
};

// Of "Key=Value": what reads as JSON is that, anything else is a text.
base::Result<void> add_parameter(json::object& parameters, const std::string& word) {
  const auto equals = word.find('=');
  if (equals == 0 || equals == std::string::npos) {
    return wrong_line(fmt::format("-p {}: a parameter is written Key=Value.", word));
  }
  const auto text = word.substr(equals + 1);
  boost::system::error_code failed;
  auto value = json::parse(text, failed);
  parameters[word.substr(0, equals)] = failed ? json::value(text) : std::move(value);
  return {};
}

base::Result<json::object> parameters_of(const Options& options) {
  json::object parameters;
  if (!options.file.empty()) {
    auto value = TRY(read_yaml_file(options.file)).to_json();
    if (!value.is_object()) return base::invalid(fmt::format("{} is no mapping of parameters.", options.file));
    parameters = std::move(value.get_object());
  }
  for (const auto& word : options.parameters) TRY(add_parameter(parameters, word));
  return parameters;
}

// A shell takes the quotes of -p Who="3" away: what was meant as a text arrives as a number, true or false.
std::string texts_meant(const Options& options, const std::string& refusal) {
  std::string hint;
  for (const auto& word : options.parameters) {
    const auto equals = word.find('=');
    const auto name = word.substr(0, equals), value = word.substr(equals + 1);
    if (refusal.find(fmt::format("{}: {} is not of type String (", name, value)) == std::string::npos) continue;
    hint += fmt::format(" Here: -p '{}=\"{}\"'.", name, value);
  }
  return hint;
}

base::Result<ExitCode> launch(const Context& context, const Options& options) {
  json::object body{{"type", options.type}, {"name", options.name}};
  if (auto parameters = TRY(parameters_of(options)); !parameters.empty()) body["parameters"] = std::move(parameters);
  if (options.version > 0) body["version"] = options.version;
  if (!options.configuration.empty()) body["configuration"] = options.configuration;
  if (!options.time_to_live.empty()) body["timeToLive"] = options.time_to_live;
  if (!options.settings.region.empty()) body["region"] = options.settings.region;
  auto client = TRY(context.connect(options.settings));
  auto called =
      client.call({.method = "POST", .path = "/slipway/v1/environments", .query = {}, .body = std::move(body)});
  if (!called) {
    auto error = std::move(called).error();
    error.message += texts_meant(options, error.message);
    return error;
  }
  auto answer = std::move(*called);
  const auto id = text_at(answer, "/id");
  if (options.wait.wanted(context)) {
    return wait_for_env(context, client, options.settings, options.wait, id, "Launching " + options.name, "pending",
                        "available");
  }
  auto line = fmt::format("{}: {}. Follow it with `slipway why {}`.\n", options.name, text_at(answer, "/status"), id);
  context.show({.data = std::move(answer), .table = std::move(line), .names = {options.name}}, options.settings);
  return ExitCode::ok;
}

}  // namespace

void add_env_launch(Command& group, const Context& context) {
  auto options = std::make_shared<Options>();
  auto command = group.add("launch", "Launch an environment of a type");
  command.argument("TYPE", options->type, "Name of the environment type");
  command.argument("NAME", options->name, "A letter, then letters, digits and hyphens");
  command.option("--version", options->version, 1, 1'000'000'000, "A version of the type; default: the current one",
                 {.placeholder = "N", .variable = "-"});
  command.option("--configuration", options->configuration, "A named set of the type's parameter values",
                 {.placeholder = "NAME", .variable = "-"});
  command.option("-p,--parameter", options->parameters, "Key=Value; may be repeated",
                 {.variable = "-", .commas = false});
  command.option("--parameters", options->file, "File of parameters (YAML or JSON); -p wins",
                 {.placeholder = "FILE", .variable = "-", .completes = Completes::files});
  command.option("--time-to-live", options->time_to_live,
                 "How long it lives, such as 8h; the type says what is possible",
                 {.placeholder = "TIME", .variable = "-"});
  add_wait_options(command, options->wait);
  add_settings(command, options->settings);
  command.run([&context, options] { return launch(context, *options); });
}

}  // namespace slipway::cli
