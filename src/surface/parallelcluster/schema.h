#pragma once
// What a configuration document must look like, as data, and the check of a document against it. Finds every problem
// at once and prints them in the form of the reference's ConfigSchemaValidator (contract, 3.4).
// Used by configuration.cc, which holds the schema itself. Knows no region and no provider.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/yaml.h"

namespace slipway::surface::parallelcluster {

struct Section;

enum class FieldKind {
  any,  // whatever is written, null excepted
  text,
  integer,  // a text that holds an integer will do
  texts,    // list of texts
  section,
  sections,  // list of sections
};

struct Field {
  std::string_view name;
  FieldKind kind = FieldKind::any;
  bool required = false;
  const Section* section = nullptr;             // of section and sections
  bool (*matches)(std::string_view) = nullptr;  // the pattern of text and of each of texts
  std::vector<std::string_view> one_of = {};
  std::optional<long long> minimum = {};
  std::optional<std::size_t> longest = {};  // characters of text
  std::size_t shortest_list = 0;            // elements of sections
  // A rule over the whole list; gives the message of what is wrong, or an empty text.
  std::string (*list_rule)(const base::YamlNode&) = nullptr;
};

// Members that no field names are accepted and kept.
struct Section {
  std::vector<Field> fields;
  // A rule over the whole section, asked where its fields are in order; gives a message or an empty text.
  std::string (*rule)(const base::YamlNode&) = nullptr;
};

// What is wrong with a node: messages of its own, or problems of its members (keyed by name) or elements (by index).
struct Problems {
  struct Member;
  std::vector<std::string> messages;
  std::vector<Member> members;  // in the order of the schema

  bool empty() const { return messages.empty() && members.empty(); }
};

struct Problems::Member {
  std::string name = {};
  int index = -1;  // of an element; then `name` is empty
  Problems problems;
};

// Checks `node`, a mapping, against `section`.
Problems check_section(const base::YamlNode& node, const Section& section);

// [('HeadNode', ['Missing data for required field.']), ('Image', {'Os': ['...']})], pairs sorted by name.
std::string printed(const Problems& problems);

}  // namespace slipway::surface::parallelcluster
