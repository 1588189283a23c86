#include "workflow/selector.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <charconv>
#include <cmath>

#include "base/text.h"
#include "workflow/parameters.h"
#include "workflow/reference.h"

namespace slipway::workflow {

namespace json = boost::json;
using Part = Selector::Part;

namespace {

constexpr std::size_t kMostParts = 64;

bool is_name_byte(unsigned char c) {
  return std::isalnum(c) || c == '_' || c == '-' || c == ':' || c == '/' || c >= 0x80;
}

class SelectorParser {
 public:
  explicit SelectorParser(std::string_view text) : text_(text) {}

  base::Result<Selector> parse() {
    if (text_.empty()) return refuse("it is empty");
    if (peek() == '$') {
      ++at_;
    } else if (is_name_byte(static_cast<unsigned char>(peek()))) {
      TRY(read_name(Part::Kind::member));
    }
    while (at_ < text_.size()) {
      if (parts_.size() >= kMostParts) return refuse(fmt::format("more than {} parts", kMostParts));
      TRY(read_part());
    }
    return Selector{std::string(text_), std::move(parts_)};
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  base::Error refuse(std::string_view what) const {
    auto error = base::invalid(
        fmt::format("selector '{}' at character {}: {}; allowed are $, .name, ['name'], [n], [-n], [*] and ..name",
                    base::excerpt(text_), at_ + 1, what));
    error.code = "E-SEL";
    return error;
  }

  base::Result<void> read_part() {
    if (peek() == '[') return read_bracket(Part::Kind::member);
    if (peek() != '.') return refuse(fmt::format("'{}' is not expected here", peek()));
    ++at_;
    if (peek() != '.') return read_name(Part::Kind::member);
    ++at_;
    return peek() == '[' ? read_bracket(Part::Kind::deep) : read_name(Part::Kind::deep);
  }

  base::Result<void> read_name(Part::Kind kind) {
    const auto begin = at_;
    while (at_ < text_.size() && is_name_byte(static_cast<unsigned char>(text_[at_]))) ++at_;
    if (at_ == begin) return refuse("a name is missing");
    if (peek() == '(') return refuse("functions are not supported");
    parts_.push_back({kind, std::string(text_.substr(begin, at_ - begin)), 0});
    return {};
  }

  void skip_blanks() {
    while (peek() == ' ') ++at_;
  }

  // After the `[`: a quoted name, and where `named` is no deep scan also a number or *.
  base::Result<void> read_bracket(Part::Kind named) {
    ++at_;
    skip_blanks();
    if (peek() == '\'' || peek() == '"') {
      TRY(read_quoted(named));
    } else if (named == Part::Kind::deep) {
      return refuse("a deep scan needs a name");
    } else if (peek() == '*') {
      ++at_;
      parts_.push_back({Part::Kind::every, {}, 0});
    } else {
      TRY(read_index());
    }
    skip_blanks();
    if (peek() == ':') return refuse("slices are not supported");
    if (peek() == ',') return refuse("lists of names or indices are not supported");
    if (peek() != ']') return refuse("']' is missing");
    ++at_;
    return {};
  }

  base::Result<void> read_quoted(Part::Kind kind) {
    const char quote = text_[at_++];
    std::string name;
    while (at_ < text_.size() && text_[at_] != quote) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      name += text_[at_++];
    }
    if (at_ == text_.size()) return refuse("the quoted name does not end");
    ++at_;
    parts_.push_back({kind, std::move(name), 0});
    return {};
  }

  base::Result<void> read_index() {
    if (peek() == '?' || peek() == '(') return refuse("filters and scripts are not supported");
    if (peek() == ':') return refuse("slices are not supported");
    std::int64_t index = 0;
    const auto rest = text_.substr(at_);
    const auto [end, code] = std::from_chars(rest.data(), rest.data() + rest.size(), index);
    if (code != std::errc()) return refuse("an index is missing");
    at_ += static_cast<std::size_t>(end - rest.data());
    parts_.push_back({Part::Kind::index, {}, index});
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Part> parts_;
};

using Found = std::vector<const json::value*>;

// Every member called `name` at any depth, in the order of the answer. Answers are no deeper than their parser allows.
void scan(const json::value& value, std::string_view name, Found& found) {
  if (const auto* list = value.if_array()) {
    for (const auto& item : *list) scan(item, name, found);
  }
  const auto* object = value.if_object();
  if (object == nullptr) return;
  for (const auto& [key, item] : *object) {
    if (key == name) found.push_back(&item);
    scan(item, name, found);
  }
}

void step_into(const Part& part, const json::value& value, Found& found) {
  const auto* list = value.if_array();
  const auto* object = value.if_object();
  switch (part.kind) {
    case Part::Kind::member:
      if (object == nullptr) return;
      if (const auto* item = object->if_contains(part.name)) found.push_back(item);
      return;
    case Part::Kind::index: {
      if (list == nullptr) return;
      const auto size = static_cast<std::int64_t>(list->size());
      if (part.index < -size || part.index >= size) return;
      found.push_back(&(*list)[static_cast<std::size_t>(part.index < 0 ? part.index + size : part.index)]);
      return;
    }
    case Part::Kind::every:
      if (list != nullptr) {
        for (const auto& item : *list) found.push_back(&item);
      } else if (object != nullptr) {
        for (const auto& member : *object) found.push_back(&member.value());
      }
      return;
    case Part::Kind::deep:
      return scan(value, part.name, found);
  }
}

std::optional<json::value> as_integer(const json::value& value) {
  if (value.is_int64()) return value;
  constexpr double kExact = 9'007'199'254'740'992.0;  // beyond it a double no longer holds each integer
  if (!value.is_double() || std::abs(value.get_double()) > kExact) return std::nullopt;
  const auto whole = static_cast<std::int64_t>(value.get_double());
  if (static_cast<double>(whole) != value.get_double()) return std::nullopt;
  return json::value(whole);
}

// The table of 1.7; nothing where the value is not of the type.
std::optional<json::value> converted(Type type, const json::value& value) {
  switch (type) {
    case Type::string:
      return json::value(to_text(value));
    case Type::integer:
      return as_integer(value);
    case Type::string_list: {
      if (value.is_object()) return std::nullopt;
      json::array texts;
      if (!value.is_array()) return json::array{json::value(to_text(value))};
      for (const auto& item : value.get_array()) texts.emplace_back(to_text(item));
      return json::value(std::move(texts));
    }
    case Type::boolean:
    case Type::string_map:
    case Type::map_list:
      return has_type(type, value) ? std::optional(value) : std::nullopt;
  }
}

std::string_view kind_of(const json::value& value) {
  if (value.is_object()) return "a map";
  if (value.is_array()) return "a list";
  if (value.is_string()) return "a text";
  return value.is_bool() ? "a boolean" : "a number";
}

}  // namespace

base::Result<Selector> parse_selector(std::string_view text) {
  return SelectorParser(text).parse();
}

std::optional<json::value> select(const Selector& selector, const json::value& from) {
  Found found{&from};
  bool gives_list = false;
  for (const auto& part : selector.parts) {
    gives_list |= part.kind == Part::Kind::every || part.kind == Part::Kind::deep;
    Found next;
    for (const auto* value : found) step_into(part, *value, next);
    found = std::move(next);
  }
  std::erase_if(found, [](const json::value* value) { return value->is_null(); });
  if (!gives_list) return found.empty() ? std::nullopt : std::optional(*found.front());
  json::array all;
  for (const auto* value : found) all.push_back(*value);
  return json::value(std::move(all));
}

base::Result<json::object> select_outputs(const std::vector<SelectedOutput>& outputs, const json::object& answer,
                                          std::vector<std::string>* notes) {
  json::object selected;
  const json::value from(answer);
  for (const auto& output : outputs) {
    const auto value = select(output.selector, from);
    if (!value) continue;
    auto typed = output.as_found ? value : converted(output.type, *value);
    if (!typed) {
      auto error = base::invalid(fmt::format("output {}: {} selects {}, which is not of type {}", output.name,
                                             output.selector.text, kind_of(*value), to_string(output.type)));
      error.code = "OutputTypeMismatch";
      return error;
    }
    if (notes != nullptr && typed->is_string() && value->is_structured()) {
      notes->push_back(fmt::format("output {} is a String, and {} selects {}: its JSON was taken", output.name,
                                   output.selector.text, kind_of(*value)));
    }
    selected[output.name] = std::move(*typed);
  }
  return selected;
}

}  // namespace slipway::workflow
