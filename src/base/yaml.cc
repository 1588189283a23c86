#include "base/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <charconv>
#include <map>
#include <sstream>
#include <unordered_set>

#include "base/text.h"

namespace slipway::base {

namespace {

using Kind = YamlNode::Kind;

// Leaves yaml-cpp's parser from inside a callback; caught in parse_yaml.
struct Refusal {
  Error error;
};

Error error_at(YamlMark mark, std::string_view what, std::string code) {
  auto error = invalid(fmt::format("line {}, column {}: {}", mark.line, mark.column, what));
  error.code = std::move(code);
  return error;
}

YamlMark mark_of(const YAML::Mark& mark) {
  return {mark.line + 1, mark.column + 1};
}

bool is_integer(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_number(std::string_view text) {
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  const auto digits = text.find_first_of("0123456789");
  if (digits == std::string_view::npos || text.find_first_not_of("0123456789+-.eE") != std::string_view::npos) {
    return false;
  }
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc() && end == text.data() + text.size();
}

Kind plain_kind(std::string_view text, bool yaml_1_1) {
  static const std::unordered_set<std::string_view> kBooleans = {"true", "True", "TRUE", "false", "False", "FALSE"};
  static const std::unordered_set<std::string_view> kOldBooleans = {"yes", "Yes", "YES", "no",  "No",  "NO",
                                                                    "on",  "On",  "ON",  "off", "Off", "OFF"};
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return Kind::null;
  if (kBooleans.contains(text) || (yaml_1_1 && kOldBooleans.contains(text))) return Kind::boolean;
  if (is_integer(text)) return Kind::integer;
  if (is_number(text)) return Kind::number;
  return Kind::string;
}

// Builds the tree from yaml-cpp's events. yaml-cpp's own Node keeps no mark for keys and expands no limits.
class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(const YamlOptions& options) : options_(options) {}

  YamlNode take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(YamlNode{.kind = Kind::null, .mark = mark_of(mark), .text = {}, .items = {}, .members = {}}, anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end())
      throw Refusal{error_at(mark_of(mark), "an alias to a node that is still open", "Syntax")};
    if (++aliases_ > options_.aliases) {
      throw Refusal{error_at(mark_of(mark), fmt::format("more than {} aliases", options_.aliases), "Limit")};
    }
    count(mark_of(mark), found->second.size);
    if (static_cast<int>(stack_.size()) + found->second.depth > options_.depth) too_deep(mark_of(mark));
    add(found->second.node, 0);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node{.kind = Kind::string, .mark = mark_of(mark), .text = value, .items = {}, .members = {}};
    if (tag == "?") {
      node.kind = plain_kind(value, options_.yaml_1_1);
    } else if (tag != "!" && tag != "tag:yaml.org,2002:str") {
      refuse_tag(node.mark, tag);
    }
    add(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Kind::sequence, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Kind::mapping, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Level {
    YamlNode node;
    YAML::anchor_t anchor = 0;
    std::size_t nodes_before = 0;
    int depth = 1;  // of what was closed inside, plus one
    std::optional<YamlNode> key;
    std::unordered_set<std::string> keys;
  };
  struct Anchor {
    YamlNode node;
    std::size_t size = 1;
    int depth = 0;
  };

  static void refuse_tag(YamlMark mark, const std::string& tag) {
    throw Refusal{
        error_at(mark, fmt::format("the tag '{}' is not accepted; write plain values", excerpt(tag)), "Syntax")};
  }

  void too_deep(YamlMark mark) const {
    throw Refusal{error_at(mark, fmt::format("nested deeper than {} levels", options_.depth), "Limit")};
  }

  void count(YamlMark mark, std::size_t more) {
    nodes_ += more;
    if (nodes_ > options_.nodes) {
      throw Refusal{error_at(mark, fmt::format("more than {} values", options_.nodes), "Limit")};
    }
  }

  void open(Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    const auto at = mark_of(mark);
    if (tag != "?" && tag != "" && tag != "!" && tag != "tag:yaml.org,2002:map" && tag != "tag:yaml.org,2002:seq") {
      refuse_tag(at, tag);
    }
    if (static_cast<int>(stack_.size()) >= options_.depth) too_deep(at);
    Level level;
    level.node.kind = kind;
    level.node.mark = at;
    level.anchor = anchor;
    level.nodes_before = nodes_;
    stack_.push_back(std::move(level));
  }

  void close() {
    Level level = std::move(stack_.back());
    stack_.pop_back();
    if (level.anchor != 0) anchors_[level.anchor] = {level.node, nodes_ - level.nodes_before + 1, level.depth};
    const int depth = level.depth + 1;
    if (!stack_.empty()) stack_.back().depth = std::max(stack_.back().depth, depth);
    add(std::move(level.node), 0);
  }

  void add(YamlNode node, YAML::anchor_t anchor) {
    count(node.mark, 1);
    if (anchor != 0) anchors_[anchor] = {node, 1, 0};
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Level& level = stack_.back();
    if (level.node.kind == Kind::sequence) {
      level.node.items.push_back(std::move(node));
    } else if (!level.key) {
      take_key(level, std::move(node));
    } else {
      level.node.members.push_back({level.key->text, level.key->mark, std::move(node)});
      level.key.reset();
    }
  }

  void take_key(Level& level, YamlNode key) {
    if (!key.is_scalar()) throw Refusal{error_at(key.mark, "a key must be a plain text", "Syntax")};
    if (!level.keys.insert(key.text).second) {
      throw Refusal{error_at(key.mark, fmt::format("Duplicate key found: {}", excerpt(key.text)), "Duplicate")};
    }
    level.key = std::move(key);
  }

  const YamlOptions& options_;
  YamlNode root_;
  std::vector<Level> stack_;
  std::map<YAML::anchor_t, Anchor> anchors_;
  std::size_t nodes_ = 0;
  int aliases_ = 0;
};

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const auto& member : members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

bool YamlNode::boolean() const {
  const auto word = lower(text);
  return word == "true" || word == "yes" || word == "on";
}

boost::json::value YamlNode::to_json() const {
  switch (kind) {
    case Kind::null:
      return nullptr;
    case Kind::boolean:
      return boolean();
    case Kind::integer: {
      std::int64_t value = 0;
      const char* begin = text.data() + (text[0] == '+' ? 1 : 0);
      const auto [end, code] = std::from_chars(begin, text.data() + text.size(), value);
      // An integer beyond 64 bits keeps its digits rather than lose some.
      if (code != std::errc()) return boost::json::value(text);
      return value;
    }
    case Kind::number: {
      double value = 0;
      const char* begin = text.data() + (text[0] == '+' ? 1 : 0);
      std::from_chars(begin, text.data() + text.size(), value);
      return value;
    }
    case Kind::string:
      return boost::json::value(text);
    case Kind::sequence: {
      boost::json::array array;
      for (const auto& item : items) array.push_back(item.to_json());
      return array;
    }
    case Kind::mapping: {
      boost::json::object object;
      for (const auto& member : members) object[member.key] = member.value.to_json();
      return object;
    }
  }
}

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::null:
      return "null";
    case Kind::boolean:
      return "boolean";
    case Kind::integer:
      return "integer";
    case Kind::number:
      return "number";
    case Kind::string:
      return "string";
    case Kind::sequence:
      return "list";
    case Kind::mapping:
      return "mapping";
  }
}

Result<YamlNode> parse_yaml(std::string_view text, const YamlOptions& options) {
  if (text.size() > options.size_bytes) {
    return error_at({1, 1}, fmt::format("longer than {} bytes", options.size_bytes), "Limit");
  }
  if (text.find('\0') != std::string_view::npos) return error_at({1, 1}, "a NUL byte", "Syntax");
  std::istringstream stream{std::string(text)};
  try {
    YAML::Parser parser(stream);
    Builder builder(options);
    if (!parser.HandleNextDocument(builder)) return YamlNode{};
    Builder rest(options);
    if (parser.HandleNextDocument(rest)) return error_at({1, 1}, "more than one document", "Syntax");
    return builder.take();
  } catch (const Refusal& refusal) {
    return refusal.error;
  } catch (const YAML::Exception& error) {
    return error_at(mark_of(error.mark), error.msg, "Syntax");
  }
}

}  // namespace slipway::base
