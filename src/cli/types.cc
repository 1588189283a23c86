#include "cli/types.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "base/text.h"
#include "cli/api_command.h"
#include "cli/output.h"
#include "cli/table.h"

namespace slipway::cli {

namespace {

struct Options {
  Settings settings;
  std::string name;
  int version = 0;
};

std::string path_of(const std::string& name, std::string_view rest = {}) {
  return fmt::format("/slipway/v1/types/{}{}", base::percent_encode(name), rest);
}

// Of a type, a parameter, a configuration: its title, or what is said of it where it has none.
std::string about(const boost::json::value& one) {
  auto text = text_at(one, "/title");
  if (text.empty()) text = text_at(one, "/description");
  std::ranges::replace(text, '\n', ' ');
  return text;
}

// Also the condition under which it is asked for.
std::string about_parameter(const boost::json::value& one) {
  const auto* when = one.get_object().if_contains("when");
  if (when == nullptr) return about(one);
  return fmt::format("{} (where {})", about(one), boost::json::serialize(*when));
}

base::Result<ExitCode> list(const Context& context, const Options& options) {
  const auto client = TRY(context.connect(options.settings));
  auto answer = TRY(client.call({.method = "GET", .path = "/slipway/v1/types"}));
  Table table({"NAME", "VERSION", "SOURCE", "TITLE"});
  View view;
  std::string problems;
  for (const auto& type : items_at(answer, "/types")) {
    auto name = text_at(type, "/name");
    table.add({name, text_at(type, "/version"), text_at(type, "/source"), text_at(type, "/title")});
    const auto problem = text_at(type, "/problem");
    if (!problem.empty()) problems += fmt::format("\nThe folder of {} is broken:\n{}\n", name, problem);
    view.names.push_back(std::move(name));
  }
  view.table = table.text() + problems;
  view.data = std::move(answer);
  context.show(view, options.settings);
  return ExitCode::ok;
}

base::Result<ExitCode> versions(const Context& context, const Options& options) {
  const auto client = TRY(context.connect(options.settings));
  auto answer = TRY(client.call({.method = "GET", .path = path_of(options.name, "/versions")}));
  Table table({"VERSION", "CURRENT", "CREATED", "SOURCE", "BY", "CONTENT"});
  View view;
  for (const auto& one : items_at(answer, "/versions")) {
    auto version = text_at(one, "/version");
    table.add({version, text_at(one, "/current") == "true" ? "yes" : "", readable_time(text_at(one, "/createdAt")),
               text_at(one, "/source"), text_at(one, "/createdBy"), text_at(one, "/sha256").substr(0, 12)});
    view.names.push_back(std::move(version));
  }
  view.table = table.text();
  view.data = std::move(answer);
  context.show(view, options.settings);
  return ExitCode::ok;
}

base::Result<ExitCode> change(const Context& context, const Options& options, std::string_view how,
                              std::optional<boost::json::value> body) {
  const auto client = TRY(context.connect(options.settings));
  auto answer = TRY(client.call({.method = "POST", .path = path_of(options.name, how), .body = std::move(body)}));
  auto line = fmt::format("{}: version {} is what launches take now; what runs keeps its own.\n", options.name,
                          text_at(answer, "/version"));
  context.show({.data = std::move(answer), .table = std::move(line), .names = {options.name}}, options.settings);
  return ExitCode::ok;
}

base::Result<ExitCode> promote(const Context& context, const Options& options) {
  return change(context, options, "/promote", boost::json::object{{"version", options.version}});
}

base::Result<ExitCode> roll_back(const Context& context, const Options& options) {
  return change(context, options, "/rollback", std::nullopt);
}

base::Result<ExitCode> remove(const Context& context, const Options& options) {
  const auto client = TRY(context.connect(options.settings));
  Call call{.method = "DELETE", .path = path_of(options.name)};
  if (options.version > 0) call.query.emplace_back("version", std::to_string(options.version));
  auto answer = TRY(client.call(call));
  std::vector<std::string> removed;
  for (const auto& version : items_at(answer, "/removed")) removed.push_back(boost::json::serialize(version));
  auto line = fmt::format("{}: removed {} {}.\n", options.name, removed.size() == 1 ? "version" : "versions",
                          base::join(removed, ", "));
  context.show({.data = std::move(answer), .table = std::move(line), .names = {options.name}}, options.settings);
  return ExitCode::ok;
}

}  // namespace

void add_types(Command& group, const Context& context) {
  auto declare = declare_in<Options>(group, context);
  const auto named = [](Command& command, Options& options) { command.argument("NAME", options.name, "The type"); };
  declare("list", "List the environment types, and which folders are broken", [](Command&, Options&) {}, list);
  declare("versions", "List the versions of a type, newest first", named, versions);
  declare(
      "promote", "Make a version the one that launches take",
      [named](Command& command, Options& options) {
        named(command, options);
        command.option("--version", options.version, 1, 1'000'000'000, "The version",
                       {.placeholder = "N", .variable = "-", .required = true});
      },
      promote);
  declare("rollback", "Go back to the version before the current one", named, roll_back);
  declare(
      "remove", "Remove a version that nothing uses, or the whole type",
      [named](Command& command, Options& options) {
        named(command, options);
        command.option("--version", options.version, 1, 1'000'000'000, "Only this one",
                       {.placeholder = "N", .variable = "-"});
      },
      remove);
}

base::Result<View> show_type(const Context& context, const Settings& settings, const std::string& name, int version) {
  const auto client = TRY(context.connect(settings));
  Call call{.method = "GET", .path = path_of(name)};
  if (version > 0) call.query.emplace_back("version", std::to_string(version));
  auto type = TRY(client.call(call));
  Table facts;
  facts.add({"Name", text_at(type, "/name")});
  facts.add({"Version", text_at(type, "/version")});
  facts.add({"Title", about(type)});
  for (const auto& provider : items_at(type, "/providers")) {
    std::string operations;
    for (const auto& one : items_at(provider, "/operations")) {
      operations += (operations.empty() ? "" : ", ") + std::string(one.as_string());
    }
    facts.add({"On " + text_at(provider, "/name"), operations});
  }
  for (const auto& one : items_at(type, "/configurations")) {
    facts.add({"Configuration", text_at(one, "/name") + "  " + about(one)});
  }
  Table parameters({"PARAMETER", "TYPE", "DEFAULT", "ABOUT"});
  for (const auto& one : items_at(type, "/parameters")) {
    const auto* fallback = one.get_object().if_contains("default");
    parameters.add({text_at(one, "/name"), text_at(one, "/type"),
                    fallback == nullptr ? (text_at(one, "/required") == "true" ? "(required)" : "")
                                        : boost::json::serialize(*fallback),
                    about_parameter(one)});
  }
  return View{.data = std::move(type), .table = facts.text() + "\n" + parameters.text(), .names = {name}};
}

}  // namespace slipway::cli
