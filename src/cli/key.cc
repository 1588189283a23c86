#include "cli/key.h"

#include <fmt/format.h>

#include <boost/json/value.hpp>
#include <ostream>

#include "base/text.h"
#include "cli/api_command.h"
#include "cli/output.h"
#include "cli/table.h"

namespace slipway::cli {

namespace {

struct Options {
  Settings settings;
  std::string name;
  std::string id;
  std::string rights = "administrator";
};

base::Result<ExitCode> create(const Context& context, const Options& options) {
  auto client = TRY(context.connect(options.settings));
  boost::json::object body{{"name", options.name}, {"rights", options.rights}};
  auto key = TRY(client.call({.method = "POST", .path = "/slipway/v1/keys", .body = std::move(body)}));
  // In the form of ~/.aws/credentials, so that it can be pasted there.
  auto text = fmt::format("[{}]\naws_access_key_id = {}\naws_secret_access_key = {}\n", options.name,
                          text_at(key, "/accessKeyId"), text_at(key, "/secretAccessKey"));
  std::string id = text_at(key, "/accessKeyId");
  context.show({.data = std::move(key), .table = std::move(text), .names = {std::move(id)}}, options.settings);
  context.err << "The secret is shown this once; the broker cannot show it again.\n";
  return ExitCode::ok;
}

base::Result<ExitCode> list(const Context& context, const Options& options) {
  auto client = TRY(context.connect(options.settings));
  auto answer = TRY(client.call({.method = "GET", .path = "/slipway/v1/keys"}));
  Table table({"ACCESS KEY", "NAME", "RIGHTS", "CREATED"});
  View view;
  for (const auto& key : items_at(answer, "/keys")) {
    auto id = text_at(key, "/accessKeyId");
    table.add({id, text_at(key, "/name"), text_at(key, "/rights"), readable_time(text_at(key, "/createdAt"))});
    view.names.push_back(std::move(id));
  }
  view.table = table.text();
  view.data = std::move(answer);
  context.show(view, options.settings);
  return ExitCode::ok;
}

base::Result<ExitCode> revoke(const Context& context, const Options& options) {
  auto client = TRY(context.connect(options.settings));
  auto path = "/slipway/v1/keys/" + base::percent_encode(options.id);
  auto answer = TRY(client.call({.method = "DELETE", .path = std::move(path)}));
  auto line = fmt::format("{}: revoked; requests signed with it are refused from now on.\n", options.id);
  context.show({.data = std::move(answer), .table = std::move(line), .names = {options.id}}, options.settings);
  return ExitCode::ok;
}

}  // namespace

void add_key(Command& root, const Context& context) {
  auto group = root.add("key", "Create, list and revoke access keys of the broker");
  auto declare = declare_in<Options>(group, context);
  declare(
      "create", "Make an access key and print its secret, once",
      [](Command& command, Options& options) {
        command.argument("NAME", options.name, "Whom or what it is for");
        command.option("--rights", options.rights, "What it may do beyond launching and ending environments",
                       {.choices = {"user", "types", "administrator"}});
      },
      create);
  declare("list", "List the access keys", [](Command&, Options&) {}, list);
  declare(
      "revoke", "Make an access key useless from now on",
      [](Command& command, Options& options) { command.argument("ID", options.id, "Its access key id"); }, revoke);
}

}  // namespace slipway::cli
