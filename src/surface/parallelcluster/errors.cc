#include "surface/parallelcluster/errors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "auth/sigv4_authenticator.h"
#include "surface/parallelcluster/python.h"

namespace slipway::surface::parallelcluster {

namespace {

using http::Violation;

constexpr std::string_view kMissingToken = "Missing Authentication Token";

http::Response message_response(int status, std::string_view text) {
  return http::json_response(status, boost::json::object{{"message", text}});
}

http::Response bad_request(std::string_view text) {
  return message_response(400, fmt::format("Bad Request: {}", text));
}

// The reference checks the body before the query, and the query before the path.
int order_of(const Violation& violation) {
  switch (violation.where) {
    case Violation::Where::body:
      return 0;
    case Violation::Where::query:
      return 1;
    case Violation::Where::path:
      return 2;
    case Violation::Where::header:
      return 3;
  }
}

// " - 'clusterName'" behind what is wrong inside a body.
std::string place(const Violation& violation) {
  if (violation.where != Violation::Where::body || violation.path.empty()) return {};
  return fmt::format(" - '{}'", fmt::join(violation.path, "."));
}

std::string type_text(const Violation& violation) {
  const auto expected = python_repr(violation.expected);
  if (violation.where != Violation::Where::body) {
    return fmt::format("Wrong type, expected {} for query parameter {}", expected, python_quoted(violation.name));
  }
  if (violation.path.empty() && violation.instance.is_null()) return "Request body is not valid JSON";
  return fmt::format("{} is not of type {}{}", python_repr(violation.instance), expected, place(violation));
}

std::string required_text(const Violation& violation) {
  const auto name = python_repr(violation.expected);
  if (violation.where == Violation::Where::body) return fmt::format("{} is a required property", name);
  return fmt::format("Missing query parameter {}", name);
}

// Anything the reference would say in jsonschema's words.
std::string violation_text(const Violation& violation) {
  const auto& keyword = violation.keyword;
  const auto value = python_repr(violation.instance);
  if (keyword == "requestBody") return "request body is required";
  if (keyword == "json") return "Request body is not valid JSON";
  if (keyword == "type") return type_text(violation);
  if (keyword == "required") return required_text(violation);
  if (keyword == "enum") {
    return fmt::format("{} is not one of {}{}", value, python_repr(violation.expected), place(violation));
  }
  if (keyword == "pattern") {
    return fmt::format("{} does not match {}{}", value, python_repr(violation.expected), place(violation));
  }
  if (keyword == "uniqueItems") return fmt::format("{} has non-unique elements{}", value, place(violation));
  return http::describe(violation);
}

http::Response refused_configuration(const std::vector<ValidationMessage>& results) {
  return http::json_response(400, boost::json::object{{"configurationValidationErrors", validation_messages(results)},
                                                      {"message", "Invalid cluster configuration."}});
}

}  // namespace

http::Response error_response(const base::Error& error) {
  switch (error.kind) {
    case base::ErrorKind::invalid:
      return bad_request(error.message);
    case base::ErrorKind::unauthenticated:
      return message_response(403, error.message);
    case base::ErrorKind::forbidden:
      return http::json_response(403, boost::json::object{{"Message", error.message}});
    case base::ErrorKind::not_found:
      return message_response(404, error.message);
    case base::ErrorKind::conflict:
      return message_response(409, error.message);
    case base::ErrorKind::throttled:
      return message_response(429, error.message);
    case base::ErrorKind::unavailable:
    case base::ErrorKind::timed_out:
    case base::ErrorKind::internal:
      return message_response(500, error.message);
  }
}

http::Response gateway_error(const base::Error& error) {
  switch (error.kind) {
    case base::ErrorKind::throttled:
      return message_response(429, "Too Many Requests");
    case base::ErrorKind::timed_out:
      return message_response(504, "Endpoint request timed out");
    case base::ErrorKind::internal:
      return message_response(500,
                              "Unexpected fatal exception. Please look at the application logs for details on the "
                              "encountered failure.");
    case base::ErrorKind::invalid:
    case base::ErrorKind::unauthenticated:
    case base::ErrorKind::forbidden:
    case base::ErrorKind::not_found:
    case base::ErrorKind::conflict:
    case base::ErrorKind::unavailable:
      return error_response(error);
  }
}

http::Response unauthenticated(const http::Request& request, const base::Error& error) {
  if (error.code == sigv4::kMissingAuthenticationToken || error.code == sigv4::kIncompleteSignature) {
    return message_response(403, kMissingToken);
  }
  if (error.code == sigv4::kSignatureDoesNotMatch) {
    return message_response(403, auth::explain_mismatch(request.method, request.target, request.headers, request.body));
  }
  // Out of its time: the gateway's sentence, and which time it was.
  if (error.code == sigv4::kSignatureExpired || error.code == sigv4::kSignatureNotYetCurrent) {
    return message_response(403, fmt::format("The request signature we calculated does not match the signature you "
                                             "provided. {}",
                                             error.message));
  }
  return error_response(error);
}

http::Response no_such_route() {
  return message_response(403, kMissingToken);
}

http::Response not_built(std::string_view operation) {
  return message_response(501, fmt::format("{} is not available in this version of Slipway.", operation));
}

http::Response shape_error(const std::vector<Violation>& violations) {
  const auto& first = *std::ranges::min_element(violations, {}, order_of);
  if (first.keyword != "contentType") return bad_request(violation_text(first));
  const auto given = first.instance.is_string() ? std::string_view(first.instance.get_string()) : std::string_view();
  return message_response(415,
                          fmt::format("Unsupported Media Type: Invalid Content-type ({}), expected JSON data", given));
}

http::Response schema_failure(const Problems& problems) {
  return refused_configuration(
      {{.type = "ConfigSchemaValidator", .level = Level::error, .message = printed(problems)}});
}

http::Response validation_failure(const std::vector<ValidationMessage>& results) {
  return refused_configuration(results);
}

http::Response unusable_configuration(std::string_view why) {
  return message_response(400, fmt::format("Invalid cluster configuration: {}", why));
}

http::Response dry_run(const std::vector<ValidationMessage>& results) {
  boost::json::object body{{"message", "Request would have succeeded, but DryRun flag is set."}};
  if (!results.empty()) body["validationMessages"] = validation_messages(results);
  return http::json_response(412, body);
}

boost::json::array validation_messages(const std::vector<ValidationMessage>& results) {
  boost::json::array messages;
  for (const auto& result : results) {
    messages.push_back(
        boost::json::object{{"level", to_string(result.level)}, {"message", result.message}, {"type", result.type}});
  }
  return messages;
}

base::Error cluster_exists(std::string_view name) {
  return base::invalid(fmt::format("Cluster {} already exists.", name));
}

base::Error no_cluster(std::string_view name, std::string_view advice) {
  return base::not_found(fmt::format(
      "Cluster '{}' does not exist or belongs to an incompatible ParallelCluster major version.{}", name, advice));
}

}  // namespace slipway::surface::parallelcluster
