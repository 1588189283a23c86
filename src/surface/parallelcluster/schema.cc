#include "surface/parallelcluster/schema.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "surface/parallelcluster/python.h"

namespace slipway::surface::parallelcluster {

namespace {

using base::YamlNode;
using Kind = YamlNode::Kind;

Problems message(std::string text) {
  return Problems{.messages = {std::move(text)}, .members = {}};
}

Problems section_message(std::string text) {
  Problems problems;
  problems.members.push_back({.name = "_schema", .problems = message(std::move(text))});
  return problems;
}

void add_element(Problems& problems, std::size_t index, Problems found) {
  if (!found.empty()) {
    problems.members.push_back({.name = {}, .index = static_cast<int>(index), .problems = std::move(found)});
  }
}

Problems check_text(const YamlNode& node, const Field& field) {
  if (node.kind != Kind::string) return message("Not a valid string.");
  if (!field.one_of.empty() && std::ranges::find(field.one_of, node.text) == field.one_of.end()) {
    return message(fmt::format("Must be one of: {}.", fmt::join(field.one_of, ", ")));
  }
  if (field.longest && node.text.size() > *field.longest) {
    return message(fmt::format("Longer than maximum length {}.", *field.longest));
  }
  if (field.matches != nullptr && !field.matches(node.text)) {
    return message("String does not match expected pattern.");
  }
  return {};
}

Problems check_integer(const YamlNode& node, const Field& field) {
  const bool digits = node.kind == Kind::integer || node.kind == Kind::string;
  long long value = 0;
  const auto text = base::trim(node.text);
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (!digits || code != std::errc() || end != text.data() + text.size()) return message("Not a valid integer.");
  if (field.minimum && value < *field.minimum) {
    return message(fmt::format("Must be greater than or equal to {}.", *field.minimum));
  }
  return {};
}

Problems check_texts(const YamlNode& node, const Field& field) {
  if (!node.is_sequence()) return message("Not a valid list.");
  Problems problems;
  for (std::size_t i = 0; i < node.items.size(); ++i) add_element(problems, i, check_text(node.items[i], field));
  return problems;
}

Problems check_nested(const YamlNode& node, const Section& section) {
  return node.is_mapping() ? check_section(node, section) : section_message("Invalid input type.");
}

Problems check_sections(const YamlNode& node, const Field& field) {
  if (!node.is_sequence()) return message("Invalid type.");
  if (node.items.size() < field.shortest_list) {
    return message(fmt::format("Shorter than minimum length {}.", field.shortest_list));
  }
  Problems problems;
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    add_element(problems, i, check_nested(node.items[i], *field.section));
  }
  if (problems.empty() && field.list_rule != nullptr) {
    if (auto text = field.list_rule(node); !text.empty()) return message(std::move(text));
  }
  return problems;
}

Problems check_field(const YamlNode& node, const Field& field) {
  if (node.kind == Kind::null) return message("Field may not be null.");
  switch (field.kind) {
    case FieldKind::any:
      return {};
    case FieldKind::text:
      return check_text(node, field);
    case FieldKind::integer:
      return check_integer(node, field);
    case FieldKind::texts:
      return check_texts(node, field);
    case FieldKind::section:
      return check_nested(node, *field.section);
    case FieldKind::sections:
      return check_sections(node, field);
  }
}

std::string printed_messages(const std::vector<std::string>& messages) {
  std::string out = "[";
  for (const auto& text : messages) out += (out.size() > 1 ? ", " : "") + python_quoted(text);
  return out + "]";
}

std::string printed_value(const Problems& problems) {
  if (problems.members.empty()) return printed_messages(problems.messages);
  std::string out = "{";
  for (const auto& member : problems.members) {
    const auto key = member.index >= 0 ? fmt::format("{}", member.index) : python_quoted(member.name);
    out += (out.size() > 1 ? ", " : "") + key + ": " + printed_value(member.problems);
  }
  return out + "}";
}

}  // namespace

Problems check_section(const YamlNode& node, const Section& section) {
  Problems problems;
  for (const auto& field : section.fields) {
    const auto* value = node.find(field.name);
    Problems found;
    if (value != nullptr) {
      found = check_field(*value, field);
    } else if (field.required) {
      found = message("Missing data for required field.");
    }
    if (!found.empty()) {
      problems.members.push_back({.name = std::string(field.name), .problems = std::move(found)});
    }
  }
  if (problems.empty() && section.rule != nullptr) {
    if (auto text = section.rule(node); !text.empty()) return section_message(std::move(text));
  }
  return problems;
}

std::string printed(const Problems& problems) {
  auto members = problems.members;
  std::ranges::sort(members, {}, &Problems::Member::name);
  std::string out = "[";
  for (const auto& member : members) {
    out += fmt::format("{}({}, {})", out.size() > 1 ? ", " : "", python_quoted(member.name),
                       printed_value(member.problems));
  }
  return out + "]";
}

}  // namespace slipway::surface::parallelcluster
