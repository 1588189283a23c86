#include "workflow/document.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ids.h"
#include "base/text.h"
#include "workflow/document_reader.h"
#include "workflow/parameters.h"

namespace slipway::workflow {

using base::YamlMark;
using base::YamlNode;

namespace {

constexpr std::size_t kLimitBytes = 64 * 1024;
constexpr int kDeepest = 3 + kValueLimitLevels;  // the inputs of a step stand in three lists and maps

void read_schema_version(Fields& fields) {
  const auto version = fields.text("schemaVersion");
  if (version == "0.3") return;
  if (!version) return fields.problem("E-SCHEMA", "schemaVersion", "schemaVersion is missing; it must be '0.3'");
  std::string_view looks = "no kind of document that is known";
  if (version->starts_with("2.")) looks = "a Command document";
  if (*version == "2.0") looks = "a Policy document, or an old Command document";
  if (*version == "1.2") looks = "a Command document";
  fields.problem("E-SCHEMA", "schemaVersion",
                 fmt::format("schemaVersion '{}' looks like {}; an Automation document has '0.3'",
                             base::excerpt(*version), looks));
}

void read_assume_role(Fields& fields, Reading& reading) {
  reading.plan.assume_role = fields.text("assumeRole").value_or("");
  const auto& role = reading.plan.assume_role;
  if (role.find("ssm:") != std::string::npos) {
    fields.problem("E-ROLE", "assumeRole", "assumeRole cannot come from the Parameter Store");
  } else if (!role.empty() && !role.starts_with("arn:") && role.find("{{") == std::string::npos) {
    fields.problem("E-ROLE", "assumeRole",
                   fmt::format("assumeRole '{}' is neither an ARN nor a reference", base::excerpt(role)));
  }
  if (const auto* node = fields.find("assumeRole")) reading.collect(*node, kEnd, fields.pointer("assumeRole"));
}

void read_output(const YamlNode& node, std::string name, const std::string& pointer, Reading& reading) {
  auto text = base::trim(node.text);
  if (text.starts_with("{{") && text.ends_with("}}")) text = text.substr(2, text.size() - 4);
  auto reference = parse_reference(text);
  if (!node.is_scalar() || !reference || reference->kind != Reference::Kind::output) {
    return reading.problems.add("E-REF", pointer, node.mark, "an output of the document is written Step.Output");
  }
  if (name.empty()) name = fmt::format("{}.{}", reference->name, reference->output);
  reading.uses.push_back({.step = kEnd, .reference = *reference, .pointer = pointer, .mark = node.mark});
  reading.plan.outputs.push_back({std::move(name), std::move(*reference)});
}

void read_outputs(Fields& fields, Reading& reading) {
  const auto* node = fields.find("outputs");
  if (node == nullptr) return;
  if (node->is_scalar()) return fields.problem("E-TYPE", "outputs", "outputs must be a list of Step.Output");
  int index = 0;
  for (const auto& item : node->items) read_output(item, {}, fmt::format("/outputs/{}", index++), reading);
  for (const auto& member : node->members) {
    read_output(member.value, member.key, "/outputs/" + pointer_part(member.key), reading);
  }
}

void read_top(const YamlNode& root, Reading& reading) {
  Fields fields(root, "", "the document", reading.problems);
  if (!root.is_mapping()) return;
  read_schema_version(fields);
  fields.ignore("description");
  read_assume_role(fields, reading);
  read_parameters(fields, reading);
  read_variables(fields, reading);
  if (const auto* steps = fields.find("mainSteps")) {
    read_steps(*steps, reading);
  } else {
    fields.problem("E-KEY", "mainSteps", "mainSteps is missing; a document needs at least one step");
  }
  read_files(fields, reading);
  read_outputs(fields, reading);
  fields.refuse_rest();
}

void add_parse_error(const base::Error& error, std::string_view content, Problems& problems) {
  const bool reference = error.message.find("key") != std::string::npos && content.find("{{") != std::string_view::npos;
  problems.add_refusal(error, reference ? " (a value that begins with '{{' must stand in quotes)" : "");
}

}  // namespace

int Plan::find_step(std::string_view step) const {
  const auto found = std::ranges::find(steps, step, &Step::name);
  return found == steps.end() ? kEnd : static_cast<int>(found - steps.begin());
}

const Parameter* Plan::find_parameter(std::string_view wanted) const {
  const auto found = std::ranges::find(parameters, wanted, &Parameter::name);
  return found == parameters.end() ? nullptr : &*found;
}

base::Result<void> check_runnable(const Plan& plan, const ActionRegistry& actions) {
  for (const auto& step : plan.steps) {
    const auto* action = actions.find(step.action);
    const auto why = action == nullptr ? std::string() : action->refusal(step.inputs);
    if (why.empty()) continue;
    auto error =
        base::invalid(fmt::format("{} cannot run here: step {}, {}: {}.", plan.name, step.name, step.action, why));
    error.code = "ActionNotAvailable";
    return error;
  }
  return {};
}

Loaded load_document(std::string name, std::string_view content, const ActionRegistry& actions) {
  Reading reading{{}, Problems(name), {}, actions};
  reading.plan.name = std::move(name);
  reading.plan.sha256 = base::sha256_hex(content);
  reading.plan.content = content;
  const auto root = base::parse_yaml(content, {.size_bytes = kLimitBytes, .depth = kDeepest});
  if (!root) {
    add_parse_error(root.error(), content, reading.problems);
  } else if (!base::is_utf8(content)) {
    reading.problems.add("E-PARSE", "", {1, 1}, "the text is not UTF-8");
  } else {
    read_top(*root, reading);
    check_flow(reading);
    check_references(reading);
  }
  Loaded loaded;
  if (!reading.problems.refused()) loaded.plan = std::make_shared<const Plan>(std::move(reading.plan));
  loaded.problems = reading.problems.take();
  return loaded;
}

}  // namespace slipway::workflow
