#pragma once
// The parts of the document loader: what the document_*.cc files share. Nobody else's.

#include <map>
#include <string>
#include <vector>

#include "workflow/fields.h"
#include "workflow/plan.h"

namespace slipway::workflow {

struct ReferenceUse {
  int step = kEnd;  // where it stands; kEnd in the document's outputs and the parameters
  Reference reference;
  std::string pointer;
  base::YamlMark mark;
  bool may_be_unset = false;  // in a condition, which then compares false
};

struct Reading {
  Plan plan;
  Problems problems;
  std::vector<ReferenceUse> uses;
  const ActionRegistry& actions;

  // Notes the references in `node` and below, and what is wrong with them.
  void collect(const base::YamlNode& node, int step, const std::string& pointer, bool may_be_unset = false);
};

// One declaration of `parameters`. `fields`: of its value; which further keys it may have is the caller's business.
Parameter read_parameter(const base::YamlNode::Member& member, Fields& fields, Reading& reading);
// The condition that `node` states with Variable and an operator, or with And, Or or Not. `fields`: of `node`;
// `step`: where its references stand, else kEnd.
Condition read_condition(const base::YamlNode& node, Fields& fields, int step, Reading& reading);

using StepNames = std::map<std::string, int>;  // to positions in mainSteps
// The position of step `name`; kEnd and a problem at `key` where there is none.
int find_target(const StepNames& names, Fields& fields, std::string_view key, std::string_view name);

// The inputs of the aws:branch at `index`: fills `step`'s choices and default.
void read_branch(const base::YamlNode& inputs, int index, const StepNames& names, Reading& reading, Step& step);

// mainSteps.
void read_steps(const base::YamlNode& node, Reading& reading);
// What only the whole shows: cycles, steps nobody reaches, references to what is not there or cannot have run.
void check_flow(Reading& reading);
void check_references(Reading& reading);

}  // namespace slipway::workflow
