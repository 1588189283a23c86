#include "workflow/declarations.h"

#include <fmt/format.h>

#include <algorithm>

#include "workflow/document_reader.h"

namespace slipway::workflow {

namespace {

// References to what cannot have a value when the condition is looked at.
void check_condition(const std::string& name, const std::vector<Declaration>& before, Reading& reading) {
  for (const auto& use : reading.uses) {
    const auto known = [&](const Declaration& other) { return other.parameter.name == use.reference.name; };
    const bool parameter = use.reference.kind == Reference::Kind::parameter;
    if (parameter && std::ranges::any_of(before, known)) continue;
    reading.problems.add("E-REF", use.pointer, use.mark,
                         fmt::format("the condition of {} may refer to parameters that stand above it, not to {}", name,
                                     use.reference.text()));
  }
}

}  // namespace

std::vector<Declaration> read_declarations(const base::YamlNode& parameters, Problems& problems) {
  const ActionRegistry none;
  Reading reading{{}, std::move(problems), {}, none};
  std::vector<Declaration> declarations;
  for (const auto& member : parameters.members) {
    const auto pointer = "/parameters/" + pointer_part(member.key);
    Fields fields(member.value, pointer, "parameter " + member.key, reading.problems);
    Declaration declaration;
    declaration.title = fields.text("title").value_or("");
    declaration.description = fields.text("description").value_or("");
    declaration.parameter = read_parameter(member, fields, reading);
    if (const auto* when = fields.find("when")) {
      Fields condition(*when, fields.pointer("when"), "a condition", reading.problems);
      declaration.when = read_condition(*when, condition, kEnd, reading);
      condition.refuse_rest();
      declaration.condition = when->to_json();
      check_condition(member.key, declarations, reading);
      reading.uses.clear();
    }
    fields.refuse_rest();
    declarations.push_back(std::move(declaration));
  }
  problems = std::move(reading.problems);
  return declarations;
}

}  // namespace slipway::workflow
