// Selectors of any text, on a fixed answer. Holds: no crash; the same text selects the same; what is declared of a type
// is of that type or an error.

#include <boost/json/parse.hpp>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "workflow/parameters.h"
#include "workflow/selector.h"

using namespace slipway;
namespace json = boost::json;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto answer = json::parse(
      R"({"A": {"B": [1, "x", null, {"C": true, "A": 2.5}], "C": {"A": {"A": []}}}, "x-y": {"it's": "z"}, "L": [[1], [2, 3]]})");
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto selector = workflow::parse_selector(text);
  if (!selector) {
    if (selector.error().code != "E-SEL") std::abort();
    return 0;
  }
  if (selector->parts.size() > 64 || selector->text != text) std::abort();
  const auto value = workflow::select(*selector, answer);
  if (value != workflow::select(*selector, answer) || (value && value->is_null())) std::abort();
  for (const auto type : {workflow::Type::string, workflow::Type::string_list, workflow::Type::integer,
                          workflow::Type::boolean, workflow::Type::string_map, workflow::Type::map_list}) {
    const auto outputs =
        workflow::select_outputs({{.name = "Out", .selector = *selector, .type = type}}, answer.as_object());
    if (!outputs || outputs->empty()) continue;
    if (!workflow::has_type(type, outputs->at("Out"))) std::abort();
  }
  return 0;
}
