#include "surface/parallelcluster/python.h"

#include <fmt/format.h>

namespace slipway::surface::parallelcluster {

namespace {

void append_character(std::string& out, char c, char quote) {
  const auto byte = static_cast<unsigned char>(c);
  switch (c) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\\':
      out += "\\\\";
      return;
    default:
      break;
  }
  if (c == quote) {
    out += '\\';
    out += c;
  } else if (byte < 0x20 || byte == 0x7f) {
    out += fmt::format("\\x{:02x}", byte);
  } else {
    out += c;
  }
}

// repr(float) always shows that it is one: 1.0, 1e+16.
std::string python_float(double value) {
  auto text = fmt::format("{}", value);
  if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
  return text;
}

}  // namespace

std::string python_quoted(std::string_view text) {
  const bool single = text.find('\'') != std::string_view::npos;
  const bool twofold = text.find('"') != std::string_view::npos;
  const char quote = single && !twofold ? '"' : '\'';
  std::string out(1, quote);
  for (const char c : text) append_character(out, c, quote);
  return out + quote;
}

std::string python_repr(const boost::json::value& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      return "None";
    case boost::json::kind::bool_:
      return value.get_bool() ? "True" : "False";
    case boost::json::kind::int64:
      return fmt::format("{}", value.get_int64());
    case boost::json::kind::uint64:
      return fmt::format("{}", value.get_uint64());
    case boost::json::kind::double_:
      return python_float(value.get_double());
    case boost::json::kind::string:
      return python_quoted(value.get_string());
    case boost::json::kind::array: {
      std::string out = "[";
      for (const auto& item : value.get_array()) out += (out.size() > 1 ? ", " : "") + python_repr(item);
      return out + "]";
    }
    case boost::json::kind::object: {
      std::string out = "{";
      for (const auto& [key, item] : value.get_object()) {
        out += (out.size() > 1 ? ", " : "") + python_quoted(key) + ": " + python_repr(item);
      }
      return out + "}";
    }
  }
}

}  // namespace slipway::surface::parallelcluster
