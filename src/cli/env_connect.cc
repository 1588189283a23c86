// `slipway env connect`: what a client needs to use an environment, and the type's instruction.
#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <memory>

#include "cli/environment.h"
#include "cli/table.h"

namespace slipway::cli {

namespace {

struct Options {
  Settings settings;
  std::string name;
};

// A web client makes a link of #{"type":"link","hrefKey":"url","text":"Notebook"}; a terminal has none, so it says
// which of the rows above leads there: "Notebook (url, above)".
std::string readable(std::string_view instruction) {
  std::string text;
  for (auto open = instruction.find("#{"); open != instruction.npos; open = instruction.find("#{")) {
    const auto close = instruction.find('}', open);
    if (close == instruction.npos) break;
    boost::system::error_code failed;
    const auto link = boost::json::parse(instruction.substr(open + 1, close - open), failed);
    text += instruction.substr(0, open);
    text += failed ? std::string(instruction.substr(open, close + 1 - open))
                   : fmt::format("{} ({}, above)", text_at(link, "/text"), text_at(link, "/hrefKey"));
    instruction.remove_prefix(close + 1);
  }
  return text.append(instruction);
}

base::Result<ExitCode> connect(const Context& context, const Options& options) {
  auto client = TRY(context.connect(options.settings));
  auto answer = TRY(client.call({.method = "POST", .path = env_path(options.name, "/connect")}));
  Table table;
  View view;
  if (const auto* values = answer.as_object().if_contains("values"); values != nullptr && values->is_object()) {
    for (const auto& [key, value] : values->get_object()) {
      auto text = text_at(answer, "/values/" + std::string(key));
      table.add({std::string(key), text});
      view.names.push_back(std::move(text));
    }
  }
  view.table = table.text();
  if (const auto instruction = text_at(answer, "/instruction"); !instruction.empty()) {
    view.table += readable(instruction) + "\n";
  }
  view.data = std::move(answer);
  context.show(view, options.settings);
  return ExitCode::ok;
}

}  // namespace

void add_env_connect(Command& group, const Context& context) {
  auto options = std::make_shared<Options>();
  auto command = group.add("connect", "Show what it takes to use an environment; it may hold a secret");
  add_env_argument(command, options->name);
  add_settings(command, options->settings);
  command.run([&context, options] { return connect(context, *options); });
}

}  // namespace slipway::cli
