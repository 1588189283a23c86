#pragma once
// {{ references }}: reading them out of a text, and putting values in their place (automation-documents.md, 1.6).
// Used by the loader's checks and by the transition function. No clock: the time of step entry is passed in.

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"

namespace slipway::workflow {

struct Reference {
  enum class Kind { parameter, variable, output, global, automation, ssm };
  Kind kind = Kind::parameter;
  std::string name;          // parameter, variable, step, DATE, EXECUTION_ID, or a Parameter Store name
  std::string output;        // of Kind::output
  std::string text() const;  // "{{ Step.Output }}"
};

// The text between a `{{` and its `}}`. Errors: invalid, code E-REF.
base::Result<Reference> parse_reference(std::string_view inside);

using Piece = std::variant<std::string, Reference>;  // literal text, or what stands in its place
// Splits a text. `}}` alone is literal text. Errors: invalid, code E-NEST (nested or unclosed) or E-REF.
base::Result<std::vector<Piece>> split_references(std::string_view text);

// What stays the same through one execution.
struct Identity {
  std::string installation_id;
  base::ExecutionId execution_id;
  base::EnvironmentId environment_id;
  std::string environment_name;
  std::string region;
  std::string account_id;
  std::string partition = "aws";
  std::string correlation_id;
  int depth = 0;  // how many parents it has
};

// Where references find their values.
struct Scope {
  const Identity& identity;
  base::Time now;                                   // of step entry
  const boost::json::object* parameters = nullptr;  // by name
  const boost::json::object* outputs = nullptr;     // step -> output -> value
  const boost::json::object* variables = nullptr;   // by name
};

// No value: unset.
std::optional<boost::json::value> look_up(const Reference& reference, const Scope& scope);

// Puts values for references, at every depth: a scalar that is one reference becomes the typed value, such an element
// of a list that is a list itself is spliced, and inside a longer text a value becomes text (lists and maps as compact
// JSON). What was put in is not read again. Errors: invalid with code UnsetReference; `path` names the place in the
// message.
base::Result<boost::json::value> resolve(const boost::json::value& written, const Scope& scope, std::string path = {});

// The walk of resolve(), with another way to make a value of each scalar; `member`: the name under which it stands in
// the innermost object, empty in a list.
using ResolveScalar = std::function<base::Result<boost::json::value>(const boost::json::value& written,
                                                                     const std::string& path, std::string_view member)>;
base::Result<boost::json::value> resolve_scalars(const boost::json::value& written, const std::string& path,
                                                 std::string_view member, const ResolveScalar& scalar);

// A value as text embeds it: a string as is, everything else as compact JSON.
std::string to_text(const boost::json::value& value);

}  // namespace slipway::workflow
