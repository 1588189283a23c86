// `slipway types new NAME`: a folder to begin with, empty or around SSM documents that are there.

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>

#include "base/text.h"
#include "broker/environment_type.h"
#include "broker/type_files.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "tool/ssm_documents.h"
#include "tool/types.h"

namespace slipway::tool {

namespace fs = std::filesystem;

namespace {

struct Options {
  cli::Settings settings;
  std::string name;
  std::vector<std::string> documents;
};

constexpr std::string_view kDocument = R"(schemaVersion: '0.3'
description: What {0} does. Put your own steps here.
mainSteps:
  - name: Wait
    action: aws:sleep
    inputs: {{Duration: PT1S}}
    isEnd: true
)";

constexpr std::string_view kReadme = R"(# {0}

{1}

`slipway types lint {0}` checks the folder. Copied below one of the broker's folders of types, or sent with
`slipway types push {0}`, {2}

Documents for `start`, `stop` and `connect` stand under `documents` in `type.yaml`, as `launch` and `terminate` do.
Slipway's own type `process` shows them all; its README has the table of the actions that documents can use on this
machine.
)";

constexpr std::string_view kAtOnce =
    "it can be launched at once: no restart.\n`slipway types test {0}` beside it launches it for real and checks its "
    "whole life.";
constexpr std::string_view kNotYet =
    "it is kept and shown. Its documents call AWS: it can be launched when this\nprogram has region `aws`.";

std::string type_yaml(const std::string& name, const TakenOver& all) {
  auto text = fmt::format("name: {}\ntitle: {}\ndescription: |\n  What it is, for people.\n", name, name);
  if (!all.parameters.empty()) text += "parameters:\n";
  for (const auto& [parameter, declaration] : all.parameters) text += fmt::format("  {}: {}\n", parameter, declaration);
  text += fmt::format("documents:\n  {}:\n", all.aws ? "aws" : "local");
  for (const auto operation : broker::type_operations()) {
    const auto found = all.operations.find(std::string(operation));
    if (found != all.operations.end()) text += fmt::format("    {}: {}\n", operation, found->second);
  }
  if (!all.children.empty()) text += fmt::format("    children: [{}]\n", base::join(all.children, ", "));
  return text;
}

// What a person has to look at.
std::string notes(const TakenOver& all) {
  if (all.parameters.empty()) return "Begun with `slipway types new`.";
  std::string text =
      "Begun with `slipway types new --from-ssm`. The documents are as they were; `type.yaml` asks for all their "
      "parameters.\nThose that a launch cannot know, such as what terminate needs of the launch's results, are outputs "
      "of the launch\ndocument instead: name them under its `outputs` and take them out of `type.yaml`.\n\n| document "
      "| operation |\n|---|---|\n";
  for (const auto& [operation, file] : all.operations) text += fmt::format("| `{}` | {} |\n", file, operation);
  for (const auto& file : all.children) text += fmt::format("| `{}` | started by other documents |\n", file);
  return text;
}

base::Result<void> write(const fs::path& folder, const std::map<std::string, std::string>& files) {
  std::error_code failed;
  if (!fs::create_directory(folder, failed)) {
    if (failed) return base::unavailable(fmt::format("{} cannot be made: {}", folder.string(), failed.message()));
    return base::conflict(fmt::format("{} exists already.", folder.string()));
  }
  for (const auto& [path, text] : files) {
    std::ofstream file(folder / path, std::ios::binary);
    file << text;
    if (!file.flush()) return base::from_errno("writing " + (folder / path).string());
  }
  return {};
}

base::Result<cli::ExitCode> make(const cli::Context& context, const Options& options) {
  if (!broker::is_type_name(options.name)) {
    return cli::wrong_line(
        fmt::format("'{}' is no name of a type: lower-case letters, digits and -, at most 64, a letter first.",
                    base::excerpt(options.name)));
  }
  auto all = TRY(take_over(options.documents));
  const bool empty = all.files.empty();
  for (const auto* needed : {"launch", "terminate"}) {
    if (all.operations.contains(needed)) continue;
    if (!empty) {
      return cli::wrong_line(fmt::format(
          "No document's name says that it is the one to {0}: say which one is, with --from-ssm {0}=FILE.", needed));
    }
    const auto file = std::string(needed) + ".yaml";
    all.operations[needed] = file;
    all.files[file] = fmt::format(kDocument, needed);
  }
  all.files["type.yaml"] = type_yaml(options.name, all);
  all.files["README.md"] = fmt::format(kReadme, options.name, notes(all),
                                       all.aws ? std::string(kNotYet) : fmt::format(kAtOnce, options.name));
  TRY(write(options.name, all.files));
  cli::View view;
  boost::json::array list;
  for (const auto& [path, text] : all.files) {
    view.names.push_back(options.name + "/" + path);
    list.emplace_back(path);
  }
  view.table = fmt::format("Made {}\nNow: slipway types lint {}\n", base::join(view.names, ", "), options.name);
  view.data = boost::json::object{{"name", options.name}, {"files", std::move(list)}};
  context.show(view, options.settings);
  return cli::ExitCode::ok;
}

}  // namespace

void add_types_new(cli::Command& group, const cli::Context& context) {
  auto command = group.add("new", "Make a folder to begin a type with, in the present folder");
  auto options = std::make_shared<Options>();
  command.argument("NAME", options->name, "The type's name");
  command.option("--from-ssm", options->documents,
                 "An automation document to take over as it is, for the operation that its name says or that is given "
                 "before it (launch=FILE); NAME=FILE: one that others execute as NAME",
                 {.placeholder = "FILE", .variable = "-", .completes = cli::Completes::files});
  cli::add_local_settings(command, options->settings);
  command.run([&context, options] { return make(context, *options); });
}

}  // namespace slipway::tool
