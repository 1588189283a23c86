#pragma once
// Schemas of an OpenAPI document, ready to check values. Used by openapi.cc; knows no request.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "http/pattern.h"

namespace slipway::http {

struct Schema {
  enum class Type { any, string, integer, number, boolean, array, object };

  Type type = Type::any;
  bool nullable = false;
  std::optional<boost::json::array> choices;  // enum
  std::optional<Pattern> pattern;
  std::optional<boost::json::value> minimum, maximum;                        // numbers
  std::optional<std::int64_t> min_length, max_length, min_items, max_items;  // code points; elements
  bool unique_items = false;
  const Schema* items = nullptr;
  std::vector<std::pair<std::string, const Schema*>> properties;  // in the order of the document
  std::vector<std::string> required;
  bool additional_properties = true;
  std::optional<boost::json::value> default_value;
};

std::string_view to_string(Schema::Type type);  // as documents write it; "any" for none

struct SchemaViolation {
  std::vector<std::string> path;
  std::string keyword;
  boost::json::value expected;
  boost::json::value instance;
};

// Adds what is wrong with `value` to `found`; see Violation in openapi.h for the order and the fields.
void check_schema(const Schema& schema, const boost::json::value& value, std::vector<std::string>& path,
                  std::vector<SchemaViolation>& found);

// Compiles schemas of one document and owns them. A $ref is compiled once, so that a schema may contain itself.
class Schemas {
 public:
  // `document` is used only while compile() runs and outlives the last call of it.
  explicit Schemas(const boost::json::object& document) : document_(document) {}
  // `place`: where `source` stands in the document, for messages. Errors: invalid.
  base::Result<const Schema*> compile(const boost::json::value& source, const std::string& place);
  // What "#/components/..." refers to, or `source` itself where it is no reference. Errors: invalid.
  base::Result<const boost::json::object*> resolve(const boost::json::value& source, const std::string& place) const;

 private:
  base::Result<void> fill(Schema& schema, const boost::json::object& source, const std::string& place);
  base::Result<void> fill_keyword(Schema& schema, std::string_view keyword, const boost::json::value& value,
                                  const std::string& place);

  const boost::json::object& document_;
  std::vector<std::unique_ptr<Schema>> owned_;
  std::map<std::string, const Schema*, std::less<>> by_reference_;
};

}  // namespace slipway::http
