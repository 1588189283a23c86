#include "surface/operator/errors.h"

#include <boost/json/object.hpp>

#include "base/text.h"

namespace slipway::surface::operator_api {

namespace {

int status_of(base::ErrorKind kind) {
  switch (kind) {
    case base::ErrorKind::invalid:
      return 400;
    case base::ErrorKind::unauthenticated:
      return 401;
    case base::ErrorKind::forbidden:
      return 403;
    case base::ErrorKind::not_found:
      return 404;
    case base::ErrorKind::conflict:
      return 409;
    case base::ErrorKind::throttled:
      return 429;
    case base::ErrorKind::unavailable:
      return 503;
    case base::ErrorKind::timed_out:
      return 504;
    case base::ErrorKind::internal:
      return 500;
  }
}

}  // namespace

http::Response error_response(const base::Error& error) {
  boost::json::object body{{"kind", base::to_string(error.kind)}, {"message", error.message}};
  if (!error.code.empty()) body["code"] = error.code;
  if (!error.field.empty()) body["field"] = error.field;
  return http::json_response(status_of(error.kind), body);
}

base::Error shape_error(const std::vector<http::Violation>& violations) {
  std::vector<std::string> sentences;
  for (const auto& violation : violations) sentences.push_back(http::describe(violation));
  return base::invalid(base::join(sentences, " "));
}

}  // namespace slipway::surface::operator_api
