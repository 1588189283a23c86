#include "tool/ssm_documents.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cctype>
#include <filesystem>
#include <functional>
#include <set>

#include "base/text.h"
#include "base/yaml.h"
#include "broker/environment_type.h"
#include "cli/text_file.h"
#include "workflow/documents.h"

namespace slipway::tool {

namespace fs = std::filesystem;

namespace {

struct Given {
  std::string name;  // an operation, or what a child is called; empty: the file's name decides
  std::string path;
  std::string text;
  base::YamlNode document;

  bool is_guessed() const { return name.empty(); }
};

// By the name of the document that is executed: the step that does it, for people.
using Executed = std::map<std::string, std::string, std::less<>>;

bool is_operation(std::string_view word) {
  const auto operations = broker::type_operations();
  return std::ranges::find(operations, word) != operations.end();
}

// As the service allows it for documents; a path has a / in it.
bool is_document_name(std::string_view word) {
  return !word.empty() && word.front() != '.' && std::ranges::all_of(word, [](unsigned char letter) {
    return std::isalnum(letter) != 0 || letter == '.' || letter == '_' || letter == '-';
  });
}

base::Result<Given> read(const std::string& word) {
  Given given{.name = {}, .path = word, .text = {}, .document = {}};
  const auto sign = word.find('=');
  std::error_code ignored;
  if (sign != std::string::npos && is_document_name(word.substr(0, sign)) && !fs::exists(word, ignored)) {
    given.name = word.substr(0, sign);
    given.path = word.substr(sign + 1);
  }
  given.text = TRY(cli::read_text_file(given.path));
  auto document = base::parse_yaml(given.text);
  if (!document) return base::invalid(fmt::format("{}: {}", given.path, document.error().message));
  given.document = std::move(*document);
  return given;
}

std::string file_name(const Given& given) {
  return fs::path(given.path).filename().string();
}

// Those in loops too.
void each_step(const base::YamlNode* steps, const std::function<void(const base::YamlNode& step)>& visit) {
  if (steps == nullptr) return;
  for (const auto& step : steps->items) {
    visit(step);
    if (const auto* inputs = step.find("inputs")) each_step(inputs->find("Steps"), visit);
  }
}

std::string text_of(const base::YamlNode& node, std::string_view key) {
  const auto* value = node.find(key);
  return value == nullptr ? "" : value->text;
}

// One that calls AWS belongs to the provider aws.
bool calls_aws(const base::YamlNode& document) {
  static const std::set<std::string_view> kAnywhere{
      "aws:sleep", "aws:branch",        "aws:approve",           "aws:pause",
      "aws:loop",  "aws:executeScript", "aws:executeAutomation", "aws:updateVariable"};
  bool found = false;
  each_step(document.find("mainSteps"), [&](const base::YamlNode& step) {
    const auto action = text_of(step, "action");
    found = found || (action.starts_with("aws:") && !kAnywhere.contains(action));
  });
  return found;
}

void add_executed(const Given& given, Executed& executed) {
  each_step(given.document.find("mainSteps"), [&](const base::YamlNode& step) {
    const auto* inputs = text_of(step, "action") == "aws:executeAutomation" ? step.find("inputs") : nullptr;
    const auto name = inputs == nullptr ? "" : text_of(*inputs, "DocumentName");
    if (name.empty() || name.find("{{") != std::string::npos) return;  // it is known when it runs
    executed.emplace(workflow::document_base_name(name),
                     fmt::format("step {} of {}", text_of(step, "name"), file_name(given)));
  });
}

// Which operation a document is for, by its name: sagemakerNotebookTerminateSSM.yaml ends what ...LaunchSSM.yaml began.
std::string operation_of(const std::string& file) {
  const auto word = base::lower(file);
  // stop and start after terminate, which no name of theirs has; launch last, as the word is a part of many names.
  for (const auto* operation : {"terminate", "connect", "stop", "start", "launch"}) {
    if (word.find(operation) != std::string::npos) return operation;
  }
  return "";
}

// Whoever executes a document does so by its file's name, without the extension.
std::string landing_name(const Given& given, const Executed& executed) {
  auto file = file_name(given);
  if (given.is_guessed() || (is_operation(given.name) && !executed.contains(given.name))) return file;
  const auto extension = fs::path(file).extension().string();
  return given.name + (extension.empty() ? ".yaml" : extension);
}

void add_parameters(const base::YamlNode& document, TakenOver& all) {
  const auto* parameters = document.find("parameters");
  if (parameters == nullptr) return;
  for (const auto& member : parameters->members) {
    const auto known = [&](const auto& one) { return one.first == member.key; };
    if (std::ranges::any_of(all.parameters, known)) continue;
    all.parameters.emplace_back(member.key, boost::json::serialize(member.value.to_json()));
  }
}

base::Result<void> add(const Given& given, const Executed& executed, TakenOver& all) {
  const auto file = landing_name(given, executed);
  if (file == "type.yaml") return base::invalid("type.yaml is the type's own file: rename the document.");
  if (!all.files.emplace(file, given.text).second) {
    return base::invalid(fmt::format("Two documents are called {}: rename one.", file));
  }
  all.aws = all.aws || calls_aws(given.document);
  const auto operation = given.is_guessed()         ? operation_of(file)
                         : is_operation(given.name) ? given.name
                                                    : std::string();
  if (!operation.empty() && all.operations.emplace(operation, file).second) {
    add_parameters(given.document, all);
    return {};
  }
  if (!operation.empty() && !given.is_guessed()) {
    return base::invalid(
        fmt::format("Two documents are to {}: {} and {}.", operation, all.operations[operation], file));
  }
  all.children.push_back(file);
  return {};
}

// Every document that is executed is a child, also one that is an operation's besides.
base::Result<void> find_children(const Executed& executed, TakenOver& all) {
  std::vector<std::string> missing;
  for (const auto& [name, step] : executed) {
    const auto found =
        std::ranges::find_if(all.files, [&](const auto& file) { return fs::path(file.first).stem() == name; });
    if (found == all.files.end()) {
      missing.push_back(
          fmt::format("The {} executes {}, which is not given: add --from-ssm {}=FILE.", step, name, name));
    } else if (std::ranges::find(all.children, found->first) == all.children.end()) {
      all.children.push_back(found->first);
    }
  }
  if (missing.empty()) return {};
  return base::invalid(base::join(missing, " "));
}

}  // namespace

base::Result<TakenOver> take_over(const std::vector<std::string>& given) {
  std::vector<Given> documents;
  Executed executed;
  for (const auto& word : given) {
    documents.push_back(TRY(read(word)));
    add_executed(documents.back(), executed);
  }
  const auto rank = [&](const Given& one) {
    return !one.is_guessed() ? 0 : executed.contains(fs::path(one.path).stem().string()) ? 2 : 1;
  };
  TakenOver all;
  for (const int turn : {0, 1, 2}) {
    for (const auto& document : documents) {
      if (rank(document) == turn) TRY(add(document, executed, all));
    }
  }
  TRY(find_children(executed, all));
  return all;
}

}  // namespace slipway::tool
