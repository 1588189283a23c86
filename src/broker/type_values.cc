// Parameters of a type, its configurations, and what its test launches.

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <filesystem>

#include "base/text.h"
#include "broker/type_reading.h"
#include "workflow/declarations.h"

namespace slipway::broker {

using workflow::Fields;

namespace {

void read_parameters(Fields& root, TypeReading& reading) {
  const auto* node = root.find("parameters");
  if (node == nullptr) return;
  if (!node->is_mapping()) return root.problem("E-TYPE", "parameters", "parameters must be a mapping by name");
  reading.type.parameters = workflow::read_declarations(*node, reading.problems);
  for (const auto& declaration : reading.type.parameters) {
    const auto& parameter = declaration.parameter;
    // A document may ask for the day of its execution; what a launch is given stands in its request.
    const bool refers =
        parameter.fallback && boost::json::serialize(*parameter.fallback).find("{{") != std::string::npos;
    if (!refers) continue;
    reading.problems.add("E-REF", "/parameters/" + workflow::pointer_part(parameter.name) + "/default",
                         node->find(parameter.name)->mark, "a type's default is a plain value, without references");
  }
}

void read_configurations(Fields& root, TypeReading& reading) {
  each_member(root, "configurations", "configuration", reading.problems, [&](const auto& member, Fields& fields) {
    reading.type.configurations.push_back({.name = member.key,
                                           .title = fields.text("title").value_or(""),
                                           .description = fields.text("description").value_or(""),
                                           .parameters = read_object(fields, "parameters")});
  });
}

bool leads_out(const std::filesystem::path& path) {
  return path.is_absolute() || std::ranges::find(path, "..") != path.end();
}

void read_test(Fields& root, TypeReading& reading) {
  const auto* node = root.find("test");
  if (node == nullptr) return;
  Fields test(*node, "/test", "test", reading.problems);
  reading.type.test = {.configuration = test.text("configuration").value_or(""),
                       .parameters = read_object(test, "parameters"),
                       .keeps = test.text("keeps").value_or("")};
  if (leads_out(reading.type.test.keeps)) {
    test.problem("E-FILE", "keeps",
                 fmt::format("{} leads out of the environment's folder; name a file in it, such as notebooks/kept.txt",
                             base::excerpt(reading.type.test.keeps)));
  }
  test.refuse_rest();
}

}  // namespace

void read_values(Fields& root, TypeReading& reading) {
  read_parameters(root, reading);
  read_configurations(root, reading);
  read_test(root, reading);
}

}  // namespace slipway::broker
