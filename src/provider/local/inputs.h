#pragma once
// How actions on this machine read their inputs. An action names what it reads so when it is added (add_action): then
// the same reading refuses, as a document is loaded, a literal of the wrong type, so that no launch fails of it
// half-way. Errors of all: invalid with code BadInput, which say what was found and what would be right.

#include <boost/json/object.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::provider::local {

// A text, or what is written as one: a number, true, false.
struct TextInput {
  std::string_view name;
  std::string_view otherwise{};  // where the input is not given
  base::Result<std::string> read(const boost::json::object& inputs) const;
};

// A number, or a text that says one, since what stands in a document is often a text.
struct NumberInput {
  std::string_view name;
  std::int64_t otherwise = 0;
  std::int64_t least = 0;
  std::int64_t most = 0;
  int base = 10;  // 8: permissions of a file
  base::Result<std::int64_t> read(const boost::json::object& inputs) const;
};

// A list of texts; empty where it is not given.
struct ListInput {
  std::string_view name;
  base::Result<std::vector<std::string>> read(const boost::json::object& inputs) const;
};

// A map; empty where it is not given.
struct MapInput {
  std::string_view name;
  base::Result<boost::json::object> read(const boost::json::object& inputs) const;
};

base::Error bad_input(std::string_view name, std::string_view wanted, const boost::json::value& found);

// One of them, as what judges a literal.
struct InputCheck {
  std::string_view input;
  std::function<base::Result<void>(const boost::json::object& inputs)> read;
};

template <class Input>
InputCheck check_of(Input input) {
  return {input.name, [input](const boost::json::object& inputs) -> base::Result<void> {
            auto read = input.read(inputs);
            if (!read) return std::move(read).error();
            return {};
          }};
}

}  // namespace slipway::provider::local
