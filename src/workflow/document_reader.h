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
  bool at_loop_end = false;   // in the condition of loop `step`, which is looked at behind its body
};

struct Reading {
  Plan plan;
  Problems problems;
  std::vector<ReferenceUse> uses;
  const ActionRegistry& actions;

  // Notes the references in `node` and below, and what is wrong with them. `like` says where they stand.
  void collect(const base::YamlNode& node, const std::string& pointer, const ReferenceUse& like);
  void collect(const base::YamlNode& node, int step, const std::string& pointer) {
    collect(node, pointer, {.step = step, .reference = {}, .pointer = {}, .mark = {}});
  }
};

// A step as it stands in the document; `index` is its place in Plan::steps.
struct StepNode {
  const base::YamlNode* node = nullptr;
  std::string pointer;
  int index = kEnd;
  int parent = kEnd;     // the loop around it
  int following = kEnd;  // the next of the same list
};

// mainSteps, then the bodies of loops, in the order of Plan::steps.
struct StepList {
  std::vector<StepNode> nodes;
  std::map<std::string, int, std::less<>> names;
};

// The step `name` in the list that `from` is in; kEnd and a problem at `key` where there is none.
int find_target(const StepList& list, const StepNode& from, Fields& fields, std::string_view key,
                std::string_view name);

// One declared parameter but for the keys that only its caller knows.
Parameter read_parameter(const base::YamlNode::Member& member, Fields& fields, Reading& reading);
void read_parameters(Fields& fields, Reading& reading);
void read_variables(Fields& fields, Reading& reading);
void read_files(Fields& fields, Reading& reading);

// mainSteps and the bodies of loops.
void read_steps(const base::YamlNode& node, Reading& reading);
// The inputs and outputs of one step, whose name and flow are read; fills the rest of `step`.
void read_action(Fields& fields, const StepNode& from, const StepList& list, Reading& reading, Step& step);
// The outputs a document may refer to beside the ones that the step declares.
std::vector<std::string_view> predefined_outputs(const Step& step, const ActionRegistry& actions);
// Inputs that are not known or missing, with code E-KEY.
void check_inputs(const base::YamlNode& inputs, const std::string& pointer, const Step& step,
                  const Action::Inputs& allowed, Problems& problems);

// Steps of the transition function's own kinds: fill what Step holds of them. `inputs` is a mapping.
void read_branch(const base::YamlNode& inputs, const StepNode& from, const StepList& list, Reading& reading,
                 Step& step);
void read_loop(const base::YamlNode& inputs, const StepNode& from, const StepList& list, Reading& reading, Step& step);
void read_approve(const base::YamlNode& inputs, const StepNode& from, Reading& reading, Step& step);
void read_child(const base::YamlNode& inputs, const StepNode& from, Reading& reading, Step& step);
void read_sleep(const base::YamlNode& inputs, const StepNode& from, Reading& reading, Step& step);
void read_update_variable(const base::YamlNode& inputs, const StepNode& from, Reading& reading, Step& step);
// What can be known of a call without the service's model.
void check_aws_call(const base::YamlNode& inputs, const StepNode& from, Reading& reading, const Step& step);

// The condition that `node` holds beside other keys, of `step`; kEnd where it is of none.
Condition read_condition(const base::YamlNode& node, Fields& fields, int step, Reading& reading,
                         bool at_loop_end = false);

// What only the whole shows: cycles, steps nobody reaches, references to what is not there or cannot have run.
void check_flow(Reading& reading);
void check_references(Reading& reading);

// What can follow what, the bodies of loops worked in. A loop is left, and its condition looked at, at a node of its
// own: step i stands at i, the end of loop i at i plus the number of steps.
class Graph {
 public:
  explicit Graph(const Plan& plan);
  int end_of(int loop) const { return loop + static_cast<int>(plan_.steps.size()); }
  // The nodes that can come after entering `from`, itself included, on paths that avoid `without`.
  std::vector<bool> reachable(int from, int without = kEnd) const;

 private:
  void add(int from, int to);
  // Where a step of a body leads that ends it; kEnd outside loops.
  int or_loop_end(const Step& step, int next) const;

  const Plan& plan_;
  std::vector<std::vector<int>> successors_;
};

}  // namespace slipway::workflow
