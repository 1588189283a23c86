#pragma once
// Checks a request against the OpenAPI 3.0 document of its surface. Yields facts (where, keyword, expected, instance);
// each surface words and orders them in its errors.cc. Of the schema language it knows what our documents use: type,
// nullable, enum, pattern, minimum, maximum, minLength, maxLength, items, minItems, maxItems, uniqueItems, properties,
// required, additionalProperties (true or false), default, $ref to components; format is ignored. A document with
// another keyword is refused when it is loaded. Query parameters that are not in it are let through, and named apart.

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace slipway::http {

struct Violation {
  enum class Where { path, query, header, body };
  Where where = Where::body;
  std::string name;               // the parameter's; empty for the body
  std::vector<std::string> path;  // from the top of the body or parameter to the offending value: keys and indices
  // The schema's keyword, such as "type", "pattern", "required". Beside those, for the body as a whole: "requestBody"
  // (there is none, but it is required), "contentType" (not JSON), "json" (cannot be parsed).
  std::string keyword;
  // The keyword's value in the schema: "string", the pattern, the list of an enum, a bound. Of "required": the name of
  // the missing property or parameter. Of "contentType": "application/json". Else null.
  boost::json::value expected;
  // The offending value: of a parameter its text where it has the wrong type, else as its type says. Of "contentType":
  // the header (null where absent).
  boost::json::value instance;
};

// One English sentence, such as "clusterName: \"1\" does not match ^[a-z]+$.", for surfaces without words of their own.
std::string describe(const Violation& violation);

class OpenApi {
 public:
  // `json_text`: the document as JSON, for instance openapi_document("parallelcluster"). Blocks for a millisecond or
  // two. Errors: invalid, naming the place in the document.
  static base::Result<OpenApi> load(std::string_view json_text);
  OpenApi(OpenApi&&) noexcept;
  OpenApi& operator=(OpenApi&&) noexcept;
  ~OpenApi();

  // One operation of the document. Its router route is {method, path, operation}.
  struct Operation {
    std::string id;
    std::string method;  // upper case
    std::string path;    // template
  };
  const std::vector<Operation>& operations() const;

  struct Checked {
    // Parameters in the order of the document, then the body: depth first, a value's properties before its missing
    // ones.
    std::vector<Violation> violations;
    // Path, query and header parameters by name as their schema types them, defaults filled in; absent ones left out.
    // Of a repeated scalar the last counts; arrays are repeated or separated (by comma; style spaceDelimited: by
    // space). Booleans in any letter case.
    boost::json::object parameters;
    // Query parameters that the operation does not have, each with keyword "unknown"; `expected` is the list of those
    // that it has. Clients of other makers send some, so it is for the surface to say whether they matter.
    std::vector<Violation> unknown;
  };
  // Checks path parameters, query and body of `request` for the operation named by request.operation (it must be one of
  // operations()). A JSON body is left parsed in request.json.
  Checked check(Request& request) const;

 private:
  struct Impl;
  explicit OpenApi(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The text of openapi/<name>.yaml as JSON, compiled in at build time; empty where there is no such document.
std::string_view openapi_document(std::string_view name);

}  // namespace slipway::http
