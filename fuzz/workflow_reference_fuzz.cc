// References in any text. Holds: no crash; the pieces of a text, written again, are the same pieces; a text without
// references is its own value; what was put in is not read again.

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "workflow/reference.h"

using namespace slipway;
namespace json = boost::json;

namespace {

std::string written(const std::vector<workflow::Piece>& pieces) {
  std::string text;
  for (const auto& piece : pieces) {
    const auto* literal = std::get_if<std::string>(&piece);
    text += literal != nullptr ? *literal : std::get<workflow::Reference>(piece).text();
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto pieces = workflow::split_references(text);
  static const workflow::Identity identity;
  static const json::object parameters{{"A", "{{ B }}"}, {"B", {1, "{{ A }}"}}};
  const workflow::Scope scope{identity, {}, &parameters, nullptr};
  const auto value = workflow::resolve(json::value(text), scope);
  if (!pieces) {
    if (value) std::abort();
    return 0;
  }
  const auto again = workflow::split_references(written(*pieces));
  if (!again || written(*again) != written(*pieces)) std::abort();
  if (value && text.find("{{") == text.npos && value->as_string() != text) std::abort();
  if (value && text == "{{ A }}" && value->as_string() != "{{ B }}") std::abort();
  return 0;
}
