// Steps that the transition function does itself: loop, approve, sleep, updateVariable, executeAutomation.

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "workflow/document_reader.h"
#include "workflow/documents.h"
#include "workflow/parameters.h"
#include "workflow/sleep.h"

namespace slipway::workflow {

using base::YamlNode;

namespace {

constexpr std::int64_t kMostIterations = 100;
constexpr std::size_t kMostApprovers = 10;
constexpr std::size_t kLongestMessage = 4096;
constexpr std::size_t kMostChildTags = 5;

bool is_reference(const YamlNode& node) {
  return node.is_scalar() && node.text.find("{{") != std::string::npos;
}

void read_iterators(Fields& fields, const std::string& pointer, const StepNode& from, Reading& reading, Step& step) {
  if (const auto name = fields.text("IteratorDataType")) {
    const auto type = type_from(*name);
    const bool allowed =
        type == Type::boolean || type == Type::integer || type == Type::string || type == Type::string_map;
    if (allowed) {
      step.iterator_type = *type;
    } else {
      fields.problem(
          "E-TYPE", "IteratorDataType",
          fmt::format("IteratorDataType is Boolean, Integer, String or StringMap, not '{}'", base::excerpt(*name)));
    }
  }
  const auto* iterators = fields.find("Iterators");
  if (iterators == nullptr) return;
  reading.collect(*iterators, from.index, pointer + "/Iterators");
  step.inputs["Iterators"] = iterators->to_json();
  if (is_reference(*iterators)) return;
  if (!iterators->is_sequence()) {
    return fields.problem("E-TYPE", "Iterators", "Iterators must be a list, or a reference to one");
  }
  if (iterators->items.size() > kMostIterations) {
    fields.problem("E-LIMIT", "Iterators", fmt::format("more than {} values", kMostIterations));
  }
  for (std::size_t i = 0; i < iterators->items.size(); ++i) {
    const auto& item = iterators->items[i];
    if (is_reference(item) || has_type(step.iterator_type, item.to_json())) continue;
    reading.problems.add("E-TYPE", fmt::format("{}/Iterators/{}", pointer, i), item.mark,
                         fmt::format("the value is not of type {}", to_string(step.iterator_type)));
  }
}

void read_body(Fields& fields, const StepNode& from, const StepList& list, Step& step) {
  const auto first = std::ranges::find(list.nodes, from.index, &StepNode::parent);
  if (first != list.nodes.end()) {
    step.body = first->index;
  } else {
    fields.problem("E-KEY", "Steps", "a loop needs Steps, a list of at least one step");
  }
}

// "variable:X" of an aws:updateVariable; null and a problem where there is none.
const Parameter* find_variable(std::string_view written, Fields& fields, const Reading& reading) {
  const auto name = written.starts_with("variable:") ? written.substr(9) : std::string_view{};
  std::vector<std::string_view> names;
  for (const auto& variable : reading.plan.variables) {
    if (variable.name == name) return &variable;
    names.push_back(variable.name);
  }
  fields.problem("E-REF", "Name",
                 name.empty()
                     ? std::string("Name is written variable:NAME")
                     : fmt::format("there is no variable '{}'{}", base::excerpt(name), suggestion(name, names)));
  return nullptr;
}

}  // namespace

void read_loop(const YamlNode& inputs, const StepNode& from, const StepList& list, Reading& reading, Step& step) {
  const auto pointer = from.pointer + "/inputs";
  if (from.parent != kEnd) {
    return reading.problems.add("E-LOOP", from.pointer + "/action", from.node->find("action")->mark,
                                "a loop in a loop does not run here; use aws:executeAutomation for the inner one");
  }
  Fields fields(inputs, pointer, "aws:loop", reading.problems);
  fields.ignore("Steps");
  read_body(fields, from, list, step);
  read_iterators(fields, pointer, from, reading, step);
  if (const auto* node = fields.find("LoopCondition")) {
    Fields condition(*node, pointer + "/LoopCondition", "LoopCondition", reading.problems);
    step.loop_condition = read_condition(*node, condition, from.index, reading, true);
    condition.refuse_rest();
  }
  if (step.loop_condition.has_value() == step.inputs.contains("Iterators")) {
    fields.problem("E-KEY", "", "a loop needs exactly one of Iterators and LoopCondition");
  }
  if (const auto most = fields.integer("MaxIterations", 1, INT32_MAX)) {
    step.max_iterations = static_cast<int>(std::min(*most, kMostIterations));
    if (*most > kMostIterations) {
      fields.problem("E-LIMIT", "MaxIterations", fmt::format("MaxIterations is at most {}", kMostIterations));
    }
  }
  fields.refuse_rest();
}

void read_approve(const YamlNode& inputs, const StepNode& from, Reading& reading, Step& step) {
  const auto pointer = from.pointer + "/inputs";
  check_inputs(inputs, pointer, step,
               {.required = {"Approvers"}, .optional = {"MinRequiredApprovals", "Message", "NotificationArn"}},
               reading.problems);
  Fields fields(inputs, pointer, "aws:approve", reading.problems);
  const auto* approvers = fields.find("Approvers");
  // An element that is a reference may stand for several.
  const bool counted =
      approvers != nullptr && approvers->is_sequence() && std::ranges::none_of(approvers->items, is_reference);
  if (approvers != nullptr && !approvers->is_sequence() && !is_reference(*approvers)) {
    fields.problem("E-TYPE", "Approvers", "Approvers must be a list");
  }
  if (counted && (approvers->items.empty() || approvers->items.size() > kMostApprovers)) {
    fields.problem("E-TYPE", "Approvers", fmt::format("there must be 1 to {} approvers", kMostApprovers));
  }
  if (const auto* least = fields.find("MinRequiredApprovals"); least != nullptr && !is_reference(*least)) {
    const auto number = fields.integer("MinRequiredApprovals", 1, kMostApprovers);
    if (number && counted && *number > static_cast<std::int64_t>(approvers->items.size())) {
      fields.problem("E-TYPE", "MinRequiredApprovals",
                     fmt::format("{} approvals are required of {} approvers", *number, approvers->items.size()));
    }
  }
  const auto message = fields.text("Message");
  if (message && message->size() > kLongestMessage) {
    fields.problem("E-TYPE", "Message", fmt::format("Message is at most {} characters", kLongestMessage));
  }
}

// The accounts or Regions of a target location. A document runs in many places: only `here`, a reference to where its
// execution runs, is that place in each of them.
void read_place(Fields& location, std::string_view key, std::string_view here) {
  const auto* places = location.find(key);
  if (places == nullptr) return;
  if (places->items.size() == 1 && places->items[0].is_scalar()) {
    const auto pieces = split_references(places->items[0].text);
    const auto* reference = pieces && pieces->size() == 1 ? std::get_if<Reference>(&pieces->front()) : nullptr;
    if (reference != nullptr && reference->text() == here) return;
  }
  location.problem("E-RATE", key, fmt::format("a child runs where its parent does: {} may be ['{}'] alone", key, here));
}

void read_locations(Fields& fields, Reading& reading) {
  const auto* locations = fields.find("TargetLocations");
  if (locations == nullptr) return;
  if (locations->items.size() != 1) {
    return fields.problem("E-RATE", "TargetLocations", "one target location runs here, several do not");
  }
  Fields location(locations->items[0], fields.pointer("TargetLocations") + "/0", "a target location", reading.problems);
  read_place(location, "Accounts", "{{ global:ACCOUNT_ID }}");
  read_place(location, "Regions", "{{ global:REGION }}");
  if (location.find("ExecutionRoleName") != nullptr) {
    location.problem("E-RATE", "ExecutionRoleName", "a child runs with the role of its own document");
  }
  // Of one location they say nothing.
  location.ignore("TargetLocationMaxConcurrency");
  location.ignore("TargetLocationMaxErrors");
  location.refuse_rest();
}

void read_child(const YamlNode& inputs, const StepNode& from, Reading& reading, Step& step) {
  const auto pointer = from.pointer + "/inputs";
  check_inputs(inputs, pointer, step,
               {.required = {"DocumentName"},
                .optional = {"DocumentVersion", "RuntimeParameters", "Tags", "TargetParameterName", "Targets",
                             "TargetMaps", "TargetLocations", "MaxConcurrency", "MaxErrors"}},
               reading.problems);
  Fields fields(inputs, pointer, "aws:executeAutomation", reading.problems);
  for (const auto* many : {"Targets", "TargetMaps", "TargetParameterName"}) {
    if (fields.find(many) == nullptr) continue;
    fields.problem("E-RATE", many, fmt::format("{} asks for a run on several targets, which there is not here", many));
  }
  read_locations(fields, reading);
  const auto version = fields.text("DocumentVersion");
  if (version && version->find("{{") == std::string::npos) {
    const auto known = check_document_version(*version);
    if (!known) fields.problem("E-DOCUMENT", "DocumentVersion", known.error().message);
  }
  const auto* parameters = fields.find("RuntimeParameters");
  if (parameters != nullptr && !parameters->is_mapping() && !is_reference(*parameters)) {
    fields.problem("E-TYPE", "RuntimeParameters", "RuntimeParameters must be a mapping");
  }
  const auto* tags = fields.find("Tags");
  if (tags != nullptr && tags->items.size() > kMostChildTags) {
    fields.problem("E-TYPE", "Tags", fmt::format("more than {} tags", kMostChildTags));
  }
}

void read_sleep(const YamlNode& inputs, const StepNode& from, Reading& reading, Step& step) {
  const auto pointer = from.pointer + "/inputs";
  check_inputs(inputs, pointer, step, {.required = {}, .optional = {"Duration", "Timestamp"}}, reading.problems);
  const bool refers =
      std::ranges::any_of(inputs.members, [](const auto& member) { return is_reference(member.value); });
  // Any time will do: only a reference or a Timestamp depends on it, and a Timestamp may be past by then.
  const auto until = sleep_until(step.inputs, base::Time{});
  const bool far = step.inputs.contains("Timestamp") && step.inputs.size() == 1;
  if (refers || until) return;
  if (far && parse_timestamp(inputs.members[0].value.text)) return;
  reading.problems.add("E-TYPE", pointer, inputs.mark, until.error().message);
}

void read_update_variable(const YamlNode& inputs, const StepNode& from, Reading& reading, Step& step) {
  const auto pointer = from.pointer + "/inputs";
  check_inputs(inputs, pointer, step, {.required = {"Name", "Value"}, .optional = {}}, reading.problems);
  Fields fields(inputs, pointer, "aws:updateVariable", reading.problems);
  const auto name = fields.text("Name");
  const auto* variable = name ? find_variable(*name, fields, reading) : nullptr;
  const auto* value = fields.find("Value");
  if (variable == nullptr || value == nullptr || is_reference(*value)) return;
  const auto written = value->to_json();
  if (to_text(written).find("{{") != std::string::npos || has_type(variable->type, written)) return;
  fields.problem(
      "E-TYPE", "Value",
      fmt::format("the value is not of type {}, which variable {} has", to_string(variable->type), variable->name));
}

}  // namespace slipway::workflow
