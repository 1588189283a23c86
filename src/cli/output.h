#pragma once
// One answer in four forms: a table for people; json, yaml and names for programs. Also the few ways in which commands
// look into an answer.

#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::cli {

struct View {
  boost::json::value data;         // json and yaml
  std::string table;               // table
  std::vector<std::string> names;  // name: one a line
};

// `form`: "table", "json", "yaml" or "name". Every line is ended.
std::string render(const View& view, std::string_view form);

std::string pretty_json(const boost::json::value& value);
std::string to_yaml(const boost::json::value& value);

// The text at a JSON pointer such as "/scheduler/type"; numbers and booleans as they print; "" where nothing is there.
std::string text_at(const boost::json::value& value, std::string_view pointer);
// The items of the array at a pointer; empty where there is none.
const boost::json::array& items_at(const boost::json::value& value, std::string_view pointer);
// 2021-04-30T00:00:00.000Z as "2021-04-30 00:00:00 UTC"; anything else unchanged.
std::string readable_time(std::string_view iso);

}  // namespace slipway::cli
