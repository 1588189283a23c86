#include "surface/operator/errors.h"

#include <boost/json/object.hpp>

#include "base/text.h"
#include "http/failure.h"

namespace slipway::surface::operator_api {

http::Response error_response(const base::Error& error) {
  boost::json::object body{{"kind", base::to_string(error.kind)}, {"message", error.message}};
  if (!error.code.empty()) body["code"] = error.code;
  if (!error.field.empty()) body["field"] = error.field;
  return http::json_response(http::status_of(error.kind), body);
}

base::Error shape_error(const std::vector<http::Violation>& violations) {
  std::vector<std::string> sentences;
  for (const auto& violation : violations) sentences.push_back(http::describe(violation));
  return base::invalid(base::join(sentences, " "));
}

}  // namespace slipway::surface::operator_api
