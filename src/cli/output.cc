#include "cli/output.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <boost/json.hpp>

#include "base/yaml.h"

namespace slipway::cli {

namespace {

namespace json = boost::json;

// As people write numbers: 0.2, where serialize() gives 2E-1.
std::string scalar(const json::value& value) {
  return value.is_double() ? fmt::format("{}", value.get_double()) : json::serialize(value);
}

void write_pretty(std::string& out, const json::value& value, int depth) {
  auto newline = [&out](int level) { out.append("\n").append(2 * level, ' '); };
  if (const auto* object = value.if_object(); object && !object->empty()) {
    out += '{';
    bool first = true;
    for (const auto& [key, member] : *object) {
      if (!std::exchange(first, false)) out += ',';
      newline(depth + 1);
      out += json::serialize(json::string(key)) + ": ";
      write_pretty(out, member, depth + 1);
    }
    newline(depth);
    out += '}';
  } else if (const auto* array = value.if_array(); array && !array->empty()) {
    out += '[';
    bool first = true;
    for (const auto& item : *array) {
      if (!std::exchange(first, false)) out += ',';
      newline(depth + 1);
      write_pretty(out, item, depth + 1);
    }
    newline(depth);
    out += ']';
  } else {
    out += scalar(value);
  }
}

// A text may stand without quotes only where every reader, also of YAML 1.1, takes it for a text again.
bool may_stand_plain(const std::string& text) {
  if (text.find_first_of(":#{}[],&*!|>'\"%@`\n\t\\ ") != std::string::npos && text.find("://") == std::string::npos) {
    return false;
  }
  if (text.empty() || !std::isalpha(static_cast<unsigned char>(text.front()))) return false;
  auto parsed = base::parse_yaml(text, {.yaml_1_1 = true});
  return parsed && parsed->kind == base::YamlNode::Kind::string && parsed->text == text;
}

void write_yaml(YAML::Emitter& out, const json::value& value) {
  if (const auto* object = value.if_object()) {
    if (object->empty()) out << YAML::Flow;
    out << YAML::BeginMap;
    for (const auto& [key, member] : *object) {
      out << YAML::Key << std::string(key) << YAML::Value;
      write_yaml(out, member);
    }
    out << YAML::EndMap;
  } else if (const auto* array = value.if_array()) {
    if (array->empty()) out << YAML::Flow;
    out << YAML::BeginSeq;
    for (const auto& item : *array) write_yaml(out, item);
    out << YAML::EndSeq;
  } else if (const auto* text = value.if_string()) {
    std::string plain(text->begin(), text->end());
    if (!may_stand_plain(plain)) out << YAML::DoubleQuoted;
    out << plain;
  } else {
    out << scalar(value);
  }
}

const json::value* find(const json::value& value, std::string_view pointer) {
  boost::system::error_code ignored;
  return value.find_pointer(pointer, ignored);
}

}  // namespace

std::string pretty_json(const json::value& value) {
  std::string text;
  write_pretty(text, value, 0);
  return text + '\n';
}

std::string to_yaml(const json::value& value) {
  YAML::Emitter out;
  write_yaml(out, value);
  return std::string(out.c_str(), out.size()) + '\n';
}

std::string render(const View& view, std::string_view form) {
  if (form == "json") return pretty_json(view.data);
  if (form == "yaml") return to_yaml(view.data);
  if (form != "name") return view.table;
  std::string text;
  for (const auto& name : view.names) text += name + '\n';
  return text;
}

std::string text_at(const json::value& value, std::string_view pointer) {
  const auto* found = find(value, pointer);
  if (!found || found->is_null()) return "";
  if (const auto* text = found->if_string()) return std::string(text->begin(), text->end());
  return scalar(*found);
}

const json::array& items_at(const json::value& value, std::string_view pointer) {
  static const json::array kNone;
  const auto* found = find(value, pointer);
  return found && found->is_array() ? found->get_array() : kNone;
}

std::string readable_time(std::string_view iso) {
  if (iso.size() < 20 || iso[10] != 'T' || iso.back() != 'Z') return std::string(iso);
  return std::string(iso.substr(0, 10)) + ' ' + std::string(iso.substr(11, 8)) + " UTC";
}

}  // namespace slipway::cli
