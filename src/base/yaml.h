#pragma once
// The one YAML loader: automation documents, type folders, cluster configurations, settings and OpenAPI sources. Keeps
// line and column, refuses duplicate keys, custom tags, non-text keys, and what grows beyond its limits. JSON is read
// too.

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::base {

struct YamlMark {
  int line = 0;  // from 1
  int column = 0;
};

struct YamlNode {
  enum class Kind { null, boolean, integer, number, string, sequence, mapping };
  struct Member;

  Kind kind = Kind::null;
  YamlMark mark;
  std::string text;  // of a scalar, as written (without quotes)
  std::vector<YamlNode> items;
  std::vector<Member> members;  // in order

  const YamlNode* find(std::string_view key) const;  // member's value, or null; null also where this is no mapping
  bool is_mapping() const { return kind == Kind::mapping; }
  bool is_sequence() const { return kind == Kind::sequence; }
  bool is_scalar() const { return !is_mapping() && !is_sequence(); }
  bool boolean() const;  // of Kind::boolean
  boost::json::value to_json() const;
};

struct YamlNode::Member {
  std::string key;
  YamlMark mark;
  YamlNode value;
};

std::string_view to_string(YamlNode::Kind kind);  // "integer", as messages say it

struct YamlOptions {
  std::size_t size_bytes = 1 << 20;
  int depth = 64;
  int aliases = 100;            // expansions in all
  std::size_t nodes = 100'000;  // after expansion
  bool yaml_1_1 = false;        // also yes, no, on and off are booleans, as PyYAML reads them
};

// One document. An empty text gives null. Errors: invalid, "line L, column C: what", code "Syntax", "Duplicate" or
// "Limit".
Result<YamlNode> parse_yaml(std::string_view text, const YamlOptions& options = {});

}  // namespace slipway::base
