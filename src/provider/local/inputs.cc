#include "provider/local/inputs.h"

#include <fmt/format.h>

#include <charconv>

#include "base/text.h"
#include "workflow/reference.h"

namespace slipway::provider::local {

namespace json = boost::json;
using base::Result;

base::Error bad_input(std::string_view name, std::string_view wanted, const json::value& found) {
  auto error = base::invalid(
      fmt::format("the input {} must be {}, not '{}'", name, wanted, base::excerpt(workflow::to_text(found))),
      std::string(name));
  error.code = "BadInput";
  return error;
}

Result<std::string> TextInput::read(const json::object& inputs) const {
  const auto* value = inputs.if_contains(name);
  if (value == nullptr) return std::string(otherwise);
  if (value->is_structured()) return bad_input(name, "a text", *value);
  return workflow::to_text(*value);
}

Result<std::int64_t> NumberInput::read(const json::object& inputs) const {
  const auto* value = inputs.if_contains(name);
  if (value == nullptr) return otherwise;
  const auto written = workflow::to_text(*value);
  std::int64_t number = 0;
  const auto [end, wrong] = std::from_chars(written.data(), written.data() + written.size(), number, base);
  const bool whole = wrong == std::errc() && end == written.data() + written.size();
  if (whole && number >= least && number <= most) return number;
  if (base == 8) return bad_input(name, "an octal number of permissions, such as 640", *value);
  return bad_input(name, fmt::format("a number from {} to {}", least, most), *value);
}

Result<std::vector<std::string>> ListInput::read(const json::object& inputs) const {
  std::vector<std::string> all;
  const auto* value = inputs.if_contains(name);
  if (value == nullptr) return all;
  if (!value->is_array()) return bad_input(name, "a list of texts", *value);
  for (const auto& word : value->get_array()) all.push_back(workflow::to_text(word));
  return all;
}

Result<json::object> MapInput::read(const json::object& inputs) const {
  const auto* value = inputs.if_contains(name);
  if (value == nullptr) return json::object{};
  if (!value->is_object()) return bad_input(name, "a map", *value);
  return value->get_object();
}

}  // namespace slipway::provider::local
