#include "broker/outside_status.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/text.h"
#include "base/yaml.h"
#include "workflow/reference.h"

namespace slipway::broker {

namespace json = boost::json;

namespace {

constexpr std::string_view kService = "aws.";

// The text at a place such as Tags.Env; empty where nothing is there.
std::string text_at(const json::object& detail, std::string_view place) {
  if (place.empty()) return "";
  const auto* object = &detail;
  const json::value* value = nullptr;
  for (const auto part : base::split(place, '.')) {
    value = object == nullptr ? nullptr : object->if_contains(part);
    if (value == nullptr || value->is_null()) return "";
    object = value->if_object();
  }
  return workflow::to_text(*value);
}

std::string upper(std::string_view text) {
  std::string all(text);
  std::ranges::transform(all, all.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return all;
}

struct Word {
  std::string_view text;
  Status status;
};
constexpr Word kWords[] = {
    {"PENDING", Status::pending},
    {"COMPLETED", Status::available},
    {"STARTING", Status::starting},
    {"STOPPING", Status::stopping},
    {"STOPPED", Status::stopped},
    {"TERMINATING", Status::terminating},
    {"TERMINATED", Status::terminated},
    {"FAILED", Status::failed},
    {"TERMINATING_FAILED", Status::terminating_failed},
    {"STARTING_FAILED", Status::starting_failed},
    {"STOPPING_FAILED", Status::stopping_failed},
};

// One of {OutputKey, OutputValue} with this key; records come as objects or, in a StringList, as their JSON text.
std::string output_of(const json::value& record, std::string_view key) {
  if (record.is_string()) {
    boost::system::error_code failed;
    const auto parsed = json::parse(record.get_string(), failed);
    return !failed && parsed.is_object() ? output_of(parsed, key) : "";
  }
  const auto* object = record.if_object();
  if (object == nullptr || text_at(*object, "OutputKey") != key) return "";
  return text_at(*object, "OutputValue");
}

std::string find_result(const json::object& outputs, std::string_view key) {
  if (key.empty()) return "";
  for (const auto& [name, value] : outputs) {
    if (output_key(name) == key && !value.is_null()) return workflow::to_text(value);
  }
  for (const auto& [name, value] : outputs) {
    if (const auto* map = value.if_object()) {
      if (const auto* found = map->if_contains(key)) return workflow::to_text(*found);
    }
    if (!value.is_array()) continue;
    for (const auto& record : value.get_array()) {
      if (auto found = output_of(record, key); !found.empty()) return found;
    }
  }
  return "";
}

}  // namespace

std::vector<std::string_view> status_words() {
  std::vector<std::string_view> words;
  for (const auto& word : kWords) words.push_back(word.text);
  return words;
}

Status status_of(std::string_view word) {
  return std::ranges::find(kWords, word, &Word::text)->status;
}

std::optional<OutsideStatus> outside_status(const StatusSources& sources, std::string_view source,
                                            const json::object& detail) {
  if (source.starts_with(kService)) source.remove_prefix(kService.size());
  const auto known = sources.find(source);
  if (known == sources.end()) return std::nullopt;
  OutsideStatus event;
  const auto said = text_at(detail, known->second.status);
  const auto alternate = known->second.alternates.find(base::lower(said));
  event.word = alternate == known->second.alternates.end() ? upper(said) : alternate->second;
  if (std::ranges::find(kWords, event.word, &Word::text) == std::end(kWords)) return std::nullopt;
  event.environment_id = text_at(detail, "EnvId");
  if (event.environment_id.empty()) event.environment_id = text_at(detail, "Tags.Env");
  event.instance_id = text_at(detail, known->second.instance);
  if (event.environment_id.empty() && event.instance_id.empty()) return std::nullopt;
  event.operation = text_at(detail, "Operation");
  event.error = text_at(detail, "ErrorMessage");
  return event;
}

bool changes(Status stored, const OutsideStatus& event) {
  if (stored == Status::terminated || stored == status_of(event.word)) return false;
  return event.operation != "Launch" || stored == Status::pending;
}

InstanceKeys instance_keys(const std::string& files) {
  boost::system::error_code failed;
  const auto packed = json::parse(files, failed);
  const auto* text = failed ? nullptr : packed.find_pointer("/type.yaml/text", failed);
  if (text == nullptr || !text->is_string()) return {};
  const auto type = base::parse_yaml(std::string_view(text->get_string()));
  const auto* instance = type ? type->find("instance") : nullptr;
  if (instance == nullptr) return {};
  const auto key = [&](std::string_view name) {
    const auto* found = instance->find(name);
    return found == nullptr ? std::string() : found->text;
  };
  return {.id = key("id"), .arn = key("arn"), .role = key("role")};
}

InstanceFacts instance_of(const InstanceKeys& keys, const json::object& outputs) {
  return {.id = find_result(outputs, keys.id),
          .arn = find_result(outputs, keys.arn),
          .role = find_result(outputs, keys.role)};
}

}  // namespace slipway::broker
