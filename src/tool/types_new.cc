// `slipway types new NAME`: a folder to begin with, empty or around SSM documents that are there.

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>

#include "base/text.h"
#include "base/yaml.h"
#include "broker/environment_type.h"
#include "broker/type_files.h"
#include "cli/output.h"
#include "cli/text_file.h"
#include "tool/types.h"

namespace slipway::tool {

namespace fs = std::filesystem;

namespace {

using Files = std::map<std::string, std::string>;

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
`slipway types push {0}`, it can be launched at once: no restart.
)";

// Which operation a document is for, by its name: sagemakerNotebookTerminateSSM.yaml ends what ...LaunchSSM.yaml began.
std::string operation_of(const std::string& file) {
  const auto word = base::lower(file);
  // stop and start after terminate, which no name of theirs has; launch last, as the word is a part of many names.
  for (const auto* operation : {"terminate", "connect", "stop", "start", "launch"}) {
    if (word.find(operation) != std::string::npos) return operation;
  }
  return "";
}

// `terminate=FILE`: said, not guessed.
struct Given {
  std::string operation;  // empty: the file's name decides
  std::string path;
};

Given read_given(const std::string& text) {
  for (const auto operation : broker::type_operations()) {
    if (text.starts_with(std::string(operation) + "=")) {
      return {.operation = std::string(operation), .path = text.substr(operation.size() + 1)};
    }
  }
  return {.operation = {}, .path = text};
}

// One that calls AWS belongs to the provider aws.
bool calls_aws(const base::YamlNode& document) {
  const auto* steps = document.find("mainSteps");
  if (steps == nullptr) return false;
  static const std::set<std::string_view> kAnywhere{
      "aws:sleep", "aws:branch",        "aws:approve",           "aws:pause",
      "aws:loop",  "aws:executeScript", "aws:executeAutomation", "aws:updateVariable"};
  for (const auto& step : steps->items) {
    const auto* action = step.find("action");
    if (action != nullptr && action->text.starts_with("aws:") && !kAnywhere.contains(action->text)) return true;
  }
  return false;
}

struct Collected {
  Files files;
  std::map<std::string, std::string> operations;  // to file names
  std::vector<std::string> children;
  std::vector<std::pair<std::string, std::string>> parameters;  // name and its declaration, in the order of the files
  bool aws = false;
};

base::Result<void> collect(const Given& given, Collected& all) {
  const auto& path = given.path;
  const auto text = TRY(cli::read_text_file(path));
  const auto file = fs::path(path).filename().string();
  if (all.files.contains(file)) return base::invalid(fmt::format("Two documents are called {}: rename one.", file));
  const auto document = base::parse_yaml(text);
  if (!document) return base::invalid(fmt::format("{}: {}", path, document.error().message));
  const auto operation = given.operation.empty() ? operation_of(file) : given.operation;
  const bool taken = operation.empty() || !all.operations.emplace(operation, file).second;
  if (taken && !given.operation.empty()) {
    return base::invalid(
        fmt::format("Two documents are to {}: {} and {}.", operation, all.operations[operation], file));
  }
  if (taken) all.children.push_back(file);
  all.aws = all.aws || calls_aws(*document);
  if (const auto* parameters = document->find("parameters")) {
    for (const auto& member : parameters->members) {
      const auto known = [&](const auto& one) { return one.first == member.key; };
      if (std::ranges::any_of(all.parameters, known)) continue;
      all.parameters.emplace_back(member.key, boost::json::serialize(member.value.to_json()));
    }
  }
  all.files[file] = text;
  return {};
}

std::string type_yaml(const std::string& name, const Collected& all) {
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
std::string notes(const Collected& all) {
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

base::Result<void> write(const fs::path& folder, const Files& files) {
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
    return base::invalid(fmt::format(
        "'{}' is no name of a type: lower-case letters, digits and -, at most 64, a letter first.", options.name));
  }
  Collected all;
  // What is said comes before what is guessed.
  for (const bool said : {true, false}) {
    for (const auto& document : options.documents) {
      const auto given = read_given(document);
      if (given.operation.empty() != said) TRY(collect(given, all));
    }
  }
  const bool empty = all.files.empty();
  for (const auto* needed : {"launch", "terminate"}) {
    if (all.operations.contains(needed)) continue;
    if (!empty) {
      return base::invalid(fmt::format(
          "No document's name says that it is the one to {0}: say which one is, with --from-ssm {0}=FILE.", needed));
    }
    const auto file = std::string(needed) + ".yaml";
    all.operations[needed] = file;
    all.files[file] = fmt::format(kDocument, needed);
  }
  all.files["type.yaml"] = type_yaml(options.name, all);
  all.files["README.md"] = fmt::format(kReadme, options.name, notes(all));
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
                 "before it (launch=FILE)",
                 {.placeholder = "FILE", .variable = "-", .completes = cli::Completes::files});
  cli::add_local_settings(command, options->settings);
  command.run([&context, options] { return make(context, *options); });
}

}  // namespace slipway::tool
