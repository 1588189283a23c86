#pragma once
// The parts of the type reader: what the type_*.cc files share. Nobody else's.

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/yaml.h"
#include "broker/type_reader.h"
#include "workflow/fields.h"

namespace slipway::broker {

struct TypeReading {
  const TypeFiles& files;
  const workflow::ActionRegistry& actions;
  const TypeExtensions& extensions;
  workflow::Problems problems;              // of type.yaml
  std::vector<workflow::Problem> others{};  // of its other files
  EnvironmentType type{};
  // Base names of the files of `children`, by provider; those that could not be read too.
  std::map<std::string, std::set<std::string, std::less<>>> children{};

  // {provider, operation} of documents that are named and could not be read: what is wrong is told of them.
  std::set<std::pair<std::string, std::string>> unread{};

  // The bytes of the file that the text under `key` names; a problem and null where there is none. Null without a
  // problem where the key is absent.
  const std::string* file(workflow::Fields& fields, std::string_view key);
};

// Each member of the mapping under `key`, with the fields of its value; a problem where either is no mapping.
template <class Visit>
void each_member(workflow::Fields& fields, std::string_view key, std::string_view what, workflow::Problems& problems,
                 Visit visit) {
  const auto* node = fields.find(key);
  if (node == nullptr) return;
  if (!node->is_mapping()) return fields.problem("E-TYPE", key, std::string(key) + " must be a mapping by name");
  for (const auto& member : node->members) {
    workflow::Fields inner(member.value, fields.pointer(key) + "/" + workflow::pointer_part(member.key),
                           std::string(what) + " " + member.key, problems);
    visit(member, inner);
    inner.refuse_rest();
  }
}

// A YAML mapping, or nothing and a problem.
std::optional<base::YamlNode> parse_mapping(std::string_view text, workflow::Problems& problems);

// The mapping under `key` as JSON; empty where it is absent or, with a problem, no mapping.
boost::json::object read_object(workflow::Fields& fields, std::string_view key);

// parameters, configurations, test.
void read_values(workflow::Fields& root, TypeReading& reading);
// documents.
void read_documents(workflow::Fields& root, TypeReading& reading);
// connection, endpoint, status, instance.
void read_outside(workflow::Fields& root, TypeReading& reading);
// idle, timeToLive.
void read_ends(workflow::Fields& root, TypeReading& reading);
// The parameters of a provider's document against the type's; what connect may do. `launch`: the same provider's, or
// null.
void check_document(const workflow::Plan& plan, std::string_view operation, const workflow::Plan* launch,
                    workflow::Fields& provider, TypeReading& reading);
// What only the whole shows. `root`: type.yaml, `fields` its own.
void check_type(const base::YamlNode& root, workflow::Fields& fields, TypeReading& reading);

}  // namespace slipway::broker
