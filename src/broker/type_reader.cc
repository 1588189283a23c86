#include "broker/type_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <sstream>

#include "observe/log.h"
#include "workflow/document.h"
#include "workflow/parameters.h"

namespace slipway::broker {

namespace fs = std::filesystem;

namespace {

using base::YamlNode;

constexpr std::array<std::string_view, 5> kOperations{"launch", "terminate", "start", "stop", "connect"};
constexpr std::array<std::string_view, 2> kRequired{"launch", "terminate"};

class Reader {
 public:
  Reader(const fs::path& folder, const workflow::ActionRegistry& actions, const TypeRegistry::Extensions& extensions,
         TypeProblems& problems)
      : folder_(folder), actions_(actions), extensions_(extensions), problems_(problems) {
    type_.name = folder.filename().string();
  }

  EnvironmentType read() {
    if (const auto root = parse(file_)) {
      check_keys(*root, {"name", "title", "parameters", "documents", "data", "test"});
      read_names(*root);
      each(*root, "parameters", [&](const YamlNode::Member& member) { read_parameter(member); });
      each(*root, "documents", [&](const YamlNode::Member& member) { read_documents(member); });
      each(*root, "data", [&](const YamlNode::Member& member) { read_data(member); });
      if (type_.documents.empty()) wrong(root->mark, "documents is missing: name a launch and a terminate document");
    }
    return std::move(type_);
  }

 private:
  void wrong(base::YamlMark mark, std::string_view what) { problems_.add(file_, mark, what); }

  std::optional<std::string> text_of(const fs::path& file, base::YamlMark mark) {
    std::ifstream stream(file, std::ios::binary);
    std::ostringstream text;
    if (stream) text << stream.rdbuf();
    if (!stream) {
      wrong(mark, fmt::format("the file {} cannot be read", file.string()));
      return std::nullopt;
    }
    return text.str();
  }

  // A mapping, or nothing and a problem. `mark`: where the file is named.
  std::optional<YamlNode> parse(const fs::path& file, base::YamlMark mark = {1, 1}) {
    const auto text = text_of(file, mark);
    if (!text) return std::nullopt;
    auto node = base::parse_yaml(*text);
    if (!node) {
      problems_.add_line(fmt::format("{}: {}", file.string(), node.error().message));
      return std::nullopt;
    }
    if (node->is_mapping()) return std::move(*node);
    problems_.add(file, node->mark, "must be a mapping");
    return std::nullopt;
  }

  void check_keys(const YamlNode& node, std::initializer_list<std::string_view> known) {
    for (const auto& member : node.members) {
      if (std::ranges::find(known, member.key) != known.end()) continue;
      wrong(member.mark, fmt::format("unknown key {}; known here: {}", member.key, fmt::join(known, ", ")));
    }
  }

  template <class Visit>
  void each(const YamlNode& node, std::string_view key, Visit visit) {
    const auto* section = node.find(key);
    if (section == nullptr) return;
    if (!section->is_mapping()) return wrong(section->mark, fmt::format("{} must be a mapping", key));
    for (const auto& member : section->members) visit(member);
  }

  void read_names(const YamlNode& root) {
    const auto* name = root.find("name");
    if (name == nullptr || name->text != type_.name) {
      wrong(name == nullptr ? root.mark : name->mark, fmt::format("name must be the folder's: {}", type_.name));
    }
    if (const auto* title = root.find("title")) type_.title = title->text;
  }

  void read_parameter(const YamlNode::Member& member) {
    workflow::Parameter parameter;
    parameter.name = member.key;
    const auto& node = member.value;
    const auto* type_name = node.find("type");
    const auto type = type_name == nullptr ? std::nullopt : workflow::type_from(type_name->text);
    if (!type) {
      return wrong(member.mark,
                   fmt::format("parameter {} needs a type: String, StringList, Integer, Boolean, StringMap "
                               "or MapList",
                               member.key));
    }
    check_keys(node, {"type", "default", "description"});
    parameter.type = *type;
    if (const auto* fallback = node.find("default")) {
      parameter.fallback = fallback->to_json();
      if (!workflow::has_type(parameter.type, *parameter.fallback)) {
        wrong(fallback->mark, fmt::format("default of {} must be of type {}", member.key, workflow::to_string(*type)));
      }
    }
    type_.parameters.push_back(std::move(parameter));
  }

  void read_documents(const YamlNode::Member& provider) {
    EnvironmentType::Plans plans;
    for (const auto& operation : provider.value.members) {
      if (std::ranges::find(kOperations, operation.key) == kOperations.end()) {
        wrong(operation.mark,
              fmt::format("unknown operation {}; known here: {}", operation.key, fmt::join(kOperations, ", ")));
      } else if (auto plan = read_document(operation)) {
        plans.emplace(operation.key, std::move(plan));
      }
    }
    for (const auto operation : kRequired) {
      if (provider.value.find(operation) == nullptr) {
        wrong(provider.mark, fmt::format("provider {} has no {} document", provider.key, operation));
      }
    }
    type_.documents.emplace(provider.key, std::move(plans));
  }

  std::shared_ptr<const workflow::Plan> read_document(const YamlNode::Member& operation) {
    const auto file = folder_ / operation.value.text;
    const auto text = text_of(file, operation.value.mark);
    if (!text) return nullptr;
    // The name is the one that executions are pinned to, so it holds no path of this machine.
    auto loaded = workflow::load_document(fmt::format("{}/{}", type_.name, operation.value.text), *text, actions_);
    for (const auto& problem : loaded.problems) {
      if (problem.warning()) {
        observe::warning("a document has a weakness",
                         {{"type", type_.name}, {"problem", workflow::to_string(problem)}});
      } else {
        problems_.add_line(fmt::format("{}: {}", folder_.string(), workflow::to_string(problem)));
      }
    }
    if (loaded.plan) check_document_parameters(*loaded.plan, operation);
    return loaded.plan;
  }

  // A document is given the type's parameters; another one that has no default could never be filled in.
  void check_document_parameters(const workflow::Plan& plan, const YamlNode::Member& operation) {
    for (const auto& parameter : plan.parameters) {
      const auto same = [&](const workflow::Parameter& known) { return known.name == parameter.name; };
      const auto known = std::ranges::find_if(type_.parameters, same);
      if (known == type_.parameters.end() && !parameter.fallback) {
        wrong(operation.value.mark, fmt::format("{} asks for the parameter {}, which type.yaml does not declare",
                                                operation.value.text, parameter.name));
      } else if (known != type_.parameters.end() && known->type != parameter.type) {
        wrong(operation.value.mark,
              fmt::format("{} declares the parameter {} as {}, type.yaml as {}", operation.value.text, parameter.name,
                          workflow::to_string(parameter.type), workflow::to_string(known->type)));
      }
    }
  }

  void read_data(const YamlNode::Member& member) {
    boost::json::object table;
    if (const auto own = parse(folder_ / member.value.text, member.value.mark)) table = own->to_json().as_object();
    const auto extension = extensions_.find(fmt::format("{}/{}", type_.name, member.key));
    if (extension != extensions_.end()) {
      if (const auto more = parse(extension->second, member.value.mark)) {
        for (const auto& row : more->members) table[row.key] = row.value.to_json();
      }
    }
    type_.data.emplace(member.key, std::move(table));
  }

  const fs::path& folder_;
  const fs::path file_ = folder_ / "type.yaml";
  const workflow::ActionRegistry& actions_;
  const TypeRegistry::Extensions& extensions_;
  TypeProblems& problems_;
  EnvironmentType type_;
};

}  // namespace

void TypeProblems::add(const fs::path& file, base::YamlMark mark, std::string_view what) {
  lines_.push_back(fmt::format("{}:{}:{}: {}", file.string(), mark.line, mark.column, what));
}

EnvironmentType read_type(const fs::path& folder, const workflow::ActionRegistry& actions,
                          const TypeRegistry::Extensions& extensions, TypeProblems& problems) {
  return Reader(folder, actions, extensions, problems).read();
}

}  // namespace slipway::broker
