#include "workflow/condition.h"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <charconv>
#include <cmath>
#include <compare>

#include "base/text.h"

namespace slipway::workflow {

namespace json = boost::json;
using Kind = Condition::Kind;

namespace {

struct Name {
  std::string_view text;
  Kind kind;
};
constexpr Name kNames[] = {
    {"And", Kind::all},
    {"Or", Kind::any},
    {"Not", Kind::none},
    {"StringEquals", Kind::string_equals},
    {"EqualsIgnoreCase", Kind::equals_ignore_case},
    {"StartsWith", Kind::starts_with},
    {"EndsWith", Kind::ends_with},
    {"Contains", Kind::contains},
    {"NumericEquals", Kind::numeric_equals},
    {"NumericGreater", Kind::numeric_greater},
    {"NumericGreaterOrEquals", Kind::numeric_greater_or_equals},
    {"NumericLesser", Kind::numeric_lesser},
    {"NumericLesserOrEquals", Kind::numeric_lesser_or_equals},
    {"BooleanEquals", Kind::boolean_equals},
};

enum class Compares { text, number, boolean };

Compares compares(Kind kind) {
  switch (kind) {
    case Kind::numeric_equals:
    case Kind::numeric_greater:
    case Kind::numeric_greater_or_equals:
    case Kind::numeric_lesser:
    case Kind::numeric_lesser_or_equals:
      return Compares::number;
    case Kind::boolean_equals:
      return Compares::boolean;
    default:
      return Compares::text;
  }
}

template <class Number>
std::optional<Number> parsed(std::string_view text) {
  Number number{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::int64_t> as_integer(const json::value& value) {
  if (value.is_int64()) return value.get_int64();
  return value.is_string() ? parsed<std::int64_t>(value.get_string()) : std::nullopt;
}

std::optional<double> as_number(const json::value& value) {
  std::optional<double> number;
  if (value.is_string()) number = parsed<double>(value.get_string());
  if (value.is_number()) number = value.to_number<double>();
  return number && std::isfinite(*number) ? number : std::nullopt;
}

std::optional<bool> as_boolean(const json::value& value) {
  if (value.is_bool()) return value.get_bool();
  if (!value.is_string()) return std::nullopt;
  const auto word = base::lower(value.get_string());
  if (word == "true") return true;
  if (word == "false") return false;
  return std::nullopt;
}

base::Error mismatch(const Condition& condition, const json::value& value, std::string_view wanted) {
  std::string_view name;
  for (const auto& known : kNames) {
    if (known.kind == condition.kind) name = known.text;
  }
  return base::invalid(
      fmt::format("{} needs {}, but {} is {}", name, wanted, to_text(condition.variable), to_text(value)));
}

bool compare_text(Kind kind, std::string_view left, std::string_view right) {
  switch (kind) {
    case Kind::equals_ignore_case:
      return base::lower(left) == base::lower(right);
    case Kind::starts_with:
      return left.starts_with(right);
    case Kind::ends_with:
      return left.ends_with(right);
    case Kind::contains:
      return left.find(right) != std::string_view::npos;
    default:
      return left == right;
  }
}

bool compare_order(Kind kind, std::partial_ordering order) {
  switch (kind) {
    case Kind::numeric_greater:
      return order > 0;
    case Kind::numeric_greater_or_equals:
      return order >= 0;
    case Kind::numeric_lesser:
      return order < 0;
    case Kind::numeric_lesser_or_equals:
      return order <= 0;
    default:
      return order == 0;
  }
}

base::Result<bool> compare(const Condition& condition, const json::value& left, const json::value& right) {
  switch (compares(condition.kind)) {
    case Compares::text:
      if (!left.is_string()) return mismatch(condition, left, "a text");
      if (!right.is_string()) return mismatch(condition, right, "a text to compare with");
      return compare_text(condition.kind, left.get_string(), right.get_string());
    case Compares::number: {
      // Integers are compared as such: a double holds 53 bits of them.
      const auto whole_left = as_integer(left);
      const auto whole_right = as_integer(right);
      if (whole_left && whole_right) return compare_order(condition.kind, *whole_left <=> *whole_right);
      const auto number_left = as_number(left);
      const auto number_right = as_number(right);
      if (!number_left) return mismatch(condition, left, "a number");
      if (!number_right) return mismatch(condition, right, "a number to compare with");
      return compare_order(condition.kind, *number_left <=> *number_right);
    }
    case Compares::boolean: {
      const auto truth_left = as_boolean(left);
      const auto truth_right = as_boolean(right);
      if (!truth_left) return mismatch(condition, left, "true or false");
      if (!truth_right) return mismatch(condition, right, "true or false to compare with");
      return *truth_left == *truth_right;
    }
  }
}

}  // namespace

std::optional<Kind> condition_kind(std::string_view name) {
  for (const auto& known : kNames) {
    if (known.text == name) return known.kind;
  }
  return std::nullopt;
}

std::vector<std::string_view> condition_names() {
  std::vector<std::string_view> names;
  for (const auto& known : kNames) names.push_back(known.text);
  return names;
}

bool is_comparison(Kind kind) {
  return kind != Kind::all && kind != Kind::any && kind != Kind::none;
}

bool fits(Kind kind, const json::value& constant) {
  if (constant.is_string() && constant.get_string().find("{{") != json::string::npos) return true;
  switch (compares(kind)) {
    case Compares::text:
      return constant.is_string();
    case Compares::number:
      return as_number(constant).has_value();
    case Compares::boolean:
      return as_boolean(constant).has_value();
  }
}

base::Result<bool> evaluate(const Condition& condition, const Scope& scope) {
  if (is_comparison(condition.kind)) {
    auto left = resolve(condition.variable, scope);
    auto right = resolve(condition.constant, scope);
    for (const auto* side : {&left, &right}) {
      if (*side) continue;
      if (side->error().code == "UnsetReference") return false;
      return side->error();
    }
    return compare(condition, *left, *right);
  }
  const bool stops_at = condition.kind != Kind::all;  // Or stops at true, And at false
  for (const auto& child : condition.children) {
    const bool holds = TRY(evaluate(child, scope));
    if (condition.kind == Kind::none) return !holds;
    if (holds == stops_at) return holds;
  }
  return !stops_at;
}

}  // namespace slipway::workflow
