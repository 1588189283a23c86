#include "broker/type_reader.h"

#include <fmt/format.h>

#include <fstream>
#include <optional>
#include <sstream>

#include "base/text.h"
#include "broker/type_reading.h"

namespace slipway::broker {

using base::YamlNode;
using workflow::Fields;

namespace {

constexpr std::string_view kFile = "type.yaml";

std::optional<std::string> text_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  if (stream) text << stream.rdbuf();
  return stream ? std::optional(text.str()) : std::nullopt;
}

void read_names(Fields& root, TypeReading& reading) {
  auto& type = reading.type;
  const auto name = root.text("name");
  if (name != type.name) root.problem("E-NAME", "name", fmt::format("name must be the folder's: {}", type.name));
  if (!is_type_name(type.name)) {
    root.problem("E-NAME", "name",
                 fmt::format("'{}' is no name of a type: lower-case letters, digits and -, at most 64, a letter first",
                             base::excerpt(type.name)));
  }
  type.title = root.text("title").value_or("");
  type.description = root.text("description").value_or("");
  if (reading.file(root, "icon") != nullptr) type.icon = root.text("icon").value_or("");
}

void add_extension(const std::string& table_name, Fields& data, TypeReading& reading, boost::json::object& table) {
  const auto extension = reading.extensions.find(fmt::format("{}/{}", reading.type.name, table_name));
  if (extension == reading.extensions.end()) return;
  const auto text = text_of(extension->second);
  if (!text) {
    return data.problem("E-FILE", table_name, fmt::format("the file {} cannot be read", extension->second.string()));
  }
  workflow::Problems problems(extension->second.string());
  if (const auto more = parse_mapping(*text, problems)) {
    for (const auto& row : more->members) table[row.key] = row.value.to_json();
  }
  for (auto& problem : problems.take()) reading.others.push_back(std::move(problem));
}

void read_data(Fields& root, TypeReading& reading) {
  const auto* node = root.find("data");
  if (node == nullptr) return;
  Fields data(*node, "/data", "data", reading.problems);
  for (const auto& member : node->members) {
    const auto* text = reading.file(data, member.key);
    if (text == nullptr) continue;
    boost::json::object table;
    workflow::Problems problems(fmt::format("{}/{}", reading.type.name, member.value.text));
    if (const auto own = parse_mapping(*text, problems)) table = own->to_json().as_object();
    for (auto& problem : problems.take()) reading.others.push_back(std::move(problem));
    add_extension(member.key, data, reading, table);
    reading.type.data.emplace(member.key, std::move(table));
  }
}

}  // namespace

std::optional<YamlNode> parse_mapping(std::string_view text, workflow::Problems& problems) {
  auto node = base::parse_yaml(text);
  if (!node) {
    problems.add_refusal(node.error());
    return std::nullopt;
  }
  if (node->is_mapping()) return std::move(*node);
  problems.add("E-TYPE", "", node->mark, "the file must be a mapping");
  return std::nullopt;
}

const std::string* TypeReading::file(Fields& fields, std::string_view key) {
  const auto name = fields.text(key);
  if (!name) return nullptr;
  const auto* found = files.find(*name);
  if (found == nullptr) {
    fields.problem("E-FILE", key, fmt::format("there is no file {} in the folder", base::excerpt(*name)));
  }
  return found;
}

boost::json::object read_object(Fields& fields, std::string_view key) {
  const auto* node = fields.find(key);
  if (node == nullptr) return {};
  if (node->is_mapping()) return node->to_json().as_object();
  fields.problem("E-TYPE", key, fmt::format("{} is a {}; a mapping is wanted", key, to_string(node->kind)));
  return {};
}

ReadType read_type(const TypeFiles& files, const workflow::ActionRegistry& actions, const TypeExtensions& extensions) {
  TypeReading reading{.files = files,
                      .actions = actions,
                      .extensions = extensions,
                      .problems = workflow::Problems(fmt::format("{}/{}", files.name, kFile))};
  reading.type.name = files.name;
  const auto* text = files.find(kFile);
  if (text == nullptr) reading.problems.add("E-FILE", "", {1, 1}, "the folder has no type.yaml");
  if (const auto node = text == nullptr ? std::nullopt : parse_mapping(*text, reading.problems)) {
    Fields root(*node, "", "the type", reading.problems);
    read_names(root, reading);
    read_values(root, reading);
    read_documents(root, reading);
    read_data(root, reading);
    read_outside(root, reading);
    read_ends(root, reading);
    check_type(*node, root, reading);
    root.refuse_rest();
  }
  ReadType read{.type = nullptr, .problems = reading.problems.take()};
  bool refused = false;
  for (auto& problem : reading.others) read.problems.push_back(std::move(problem));
  for (const auto& problem : read.problems) refused |= !problem.warning();
  if (refused) return read;
  read.type = std::make_shared<EnvironmentType>(std::move(reading.type));
  read.type->sha256 = files.sha256();
  return read;
}

std::string refusals(const std::vector<workflow::Problem>& problems, const std::string& where) {
  std::vector<std::string> lines;
  for (const auto& problem : problems) {
    if (!problem.warning()) lines.push_back(where + workflow::to_string(problem));
  }
  return base::join(lines, "\n");
}

}  // namespace slipway::broker
