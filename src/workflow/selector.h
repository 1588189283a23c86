#pragma once
// Selectors of outputs and PropertySelector: the subset of JSONPath of automation-documents.md, 1.7. Compiled at load,
// applied to the answer of a call by the transition function.

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::workflow {

enum class Type { string, string_list, integer, boolean, string_map, map_list };
std::string_view to_string(Type type);  // "StringList"

struct Selector {
  struct Part {
    enum class Kind { member, index, every, deep };  // .name, [n] (negative from the end), [*], ..name
    Kind kind = Kind::member;
    std::string name;
    std::int64_t index = 0;
  };
  std::string text;  // as written
  std::vector<Part> parts;
};

// `$` and all that follows; a text without the leading `$.` reads as if it had it. Errors: invalid, code E-SEL, with
// the position in the message.
base::Result<Selector> parse_selector(std::string_view text);

// What stands there: nothing where nothing does, or null. A deep scan and [*] give a list, empty where nothing matched.
std::optional<boost::json::value> select(const Selector& selector, const boost::json::value& from);

struct SelectedOutput {
  std::string name;
  Selector selector;
  Type type = Type::string;
  bool as_found = false;  // of whatever type it is: an output that the action gives by itself
};

// The outputs that a step declares, of the answer of its call; those that select nothing are absent. `notes`: gets a
// W-TYPE sentence for each map or list that became a text. Errors: invalid, code OutputTypeMismatch, where a value is
// not of the declared type.
base::Result<boost::json::object> select_outputs(const std::vector<SelectedOutput>& outputs,
                                                 const boost::json::object& answer,
                                                 std::vector<std::string>* notes = nullptr);

}  // namespace slipway::workflow
