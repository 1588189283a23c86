#pragma once
// A compiled automation document: what the transition function walks. Made by document.h, never changed afterwards, and
// shared by all executions of one document. Knows no storage and no clock.

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/yaml.h"
#include "workflow/action.h"
#include "workflow/condition.h"
#include "workflow/pattern.h"
#include "workflow/reference.h"
#include "workflow/selector.h"

namespace slipway::workflow {

// Rises with every change of behaviour; an execution keeps the number it started with (automation-documents.md, 2.15).
inline constexpr int kSemantics = 1;
// What began with this number or a later one can be gone on with.
inline constexpr int kOldestSemantics = 1;
// Index of a step that is none: the execution ends there.
inline constexpr int kEnd = -1;

struct Parameter {
  std::string name;
  Type type = Type::string;
  std::optional<boost::json::value> fallback;  // `default`; may hold system references. Without one: required
  std::vector<boost::json::value> allowed_values;
  std::optional<Pattern> allowed_pattern;
  std::map<std::string, std::int64_t, std::less<>>
      bounds;              // minItems, maxItems, minChars, maxChars, minValue, maxValue
  bool sensitive = false;  // shown nowhere
};

struct Choice {
  Condition condition;
  int next = kEnd;
};

struct Step {
  enum class Kind {
    action,
    branch,
    sleep,
    loop,
    pause,
    approve,
    child,  // aws:executeAutomation
    update_variable,
  };
  enum class OnFailure { abort, proceed, jump };

  std::string name;
  std::string action;
  Kind kind = Kind::action;
  EffectClass effect = EffectClass::unsafe;
  boost::json::object inputs;  // as written, with references
  int next = kEnd;             // after success, and after a failure with Continue; isEnd and list order are worked in
  OnFailure on_failure = OnFailure::abort;
  int failure_next = kEnd;  // with OnFailure::jump
  int cancel_next = kEnd;   // onCancel: step:X
  bool critical = true;
  int max_attempts = 1;
  boost::json::value timeout;  // seconds, or a text with a reference to them; null where the document gives none
  std::chrono::seconds default_timeout{0};  // the action's; 0 is none
  std::vector<Choice> choices;              // of a branch
  std::vector<SelectedOutput> outputs;      // declared ones; empty: those that the action gives by itself
  int parent = kEnd;                        // the loop in whose body it is; its jumps stay within that body
  int body = kEnd;                          // of a loop: the first step of its body
  std::optional<Condition> loop_condition;  // of a loop; without one it runs over inputs.Iterators
  Type iterator_type = Type::string;        // IteratorDataType
  int max_iterations = 100;

  // For checks and messages.
  base::YamlMark mark;
  std::string pointer;  // "/mainSteps/2"
};

struct Output {
  std::string name;  // "Step.Output", or the key the document gives it
  Reference from;
};

// An attachment of scripts.
struct File {
  std::string name;
  std::string sha256;
};

struct Plan {
  std::string name;
  std::string sha256;   // of content
  std::string content;  // the document as written: what is stored and pinned
  std::string assume_role;
  std::vector<Parameter> parameters;
  std::vector<Parameter> variables;  // `fallback` is the value at the start; unset without one
  std::vector<Step> steps;           // mainSteps, then the bodies of loops, each whole and in order
  std::vector<Output> outputs;
  std::vector<File> files;

  int find_step(std::string_view step) const;                    // kEnd where there is none
  const Parameter* find_parameter(std::string_view name) const;  // null where there is none
};

}  // namespace slipway::workflow
