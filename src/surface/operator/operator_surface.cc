#include "surface/operator/operator_surface.h"

#include <fmt/format.h>

#include <functional>
#include <map>
#include <stdexcept>

#include "broker/why.h"
#include "http/failure.h"
#include "http/openapi.h"
#include "surface/operator/errors.h"

namespace slipway::surface::operator_api {

namespace {

using boost::json::object;

constexpr std::string_view kPrefix = "/slipway";
constexpr std::string_view kVersionPrefix = "/slipway/v1";

http::OpenApi load_document() {
  auto document = http::OpenApi::load(http::openapi_document("operator"));
  if (!document) throw std::logic_error("openapi/operator.yaml: " + document.error().describe());
  return std::move(document).value();
}

std::string text(const object& parameters, std::string_view name) {
  return std::string(parameters.at(name).as_string());
}

object key_body(const auth::AccessKey& key) {
  return {{"accessKeyId", key.id}, {"name", key.name}, {"createdAt", base::iso8601(key.created_at)}};
}

broker::Cause cause_of(const http::Request& request) {
  return {.who = request.caller.name.empty() ? request.caller.id : request.caller.name,
          .surface = "operator",
          .operation = request.operation,
          .request_id = request.request_id,
          .correlation_id = request.correlation_id};
}

http::Response failed(const http::Request& request, const base::Error& error) {
  http::log_failure(request, error);
  return error_response(error);
}

}  // namespace

struct OperatorSurface::Impl {
  using Operation = net::Task<http::Response> (Impl::*)(http::Request& request, object parameters);

  void add_routes() {
    const std::map<std::string_view, Operation> operations{{"ListEnvironments", &Impl::list_environments},
                                                           {"ExplainEnvironment", &Impl::explain_environment},
                                                           {"ListKeys", &Impl::list_keys},
                                                           {"CreateKey", &Impl::create_key},
                                                           {"RevokeKey", &Impl::revoke_key}};
    for (const auto& operation : document.operations()) {
      router.add({.method = operation.method,
                  .path = std::string(kVersionPrefix) + operation.path,
                  .operation = operation.id,
                  .handler = [this, run_it = operations.at(operation.id)](http::Request& request) {
                    return run(run_it, request);
                  }});
    }
  }

  boost::asio::awaitable<http::Response> run(Operation operation, http::Request& request) {
    auto checked = document.check(request);
    if (!checked.violations.empty()) co_return error_response(shape_error(checked.violations));
    auto answer = co_await (this->*operation)(request, std::move(checked.parameters));
    if (!answer) co_return failed(request, answer.error());
    co_return std::move(answer).value();
  }

  net::Task<http::Response> list_environments(http::Request&, object parameters) {
    const auto page = CO_TRY(co_await environments.list(text(parameters, "type"), text(parameters, "region"),
                                                        text(parameters, "nextToken"),
                                                        static_cast<int>(parameters.at("limit").to_number<int>())));
    boost::json::array listed;
    for (const auto& environment : page.environments) listed.push_back(broker::to_json(*environment));
    object body{{"environments", std::move(listed)}};
    if (!page.next.empty()) body["nextToken"] = page.next;
    co_return http::json_response(200, body);
  }

  net::Task<http::Response> explain_environment(http::Request&, object parameters) {
    const auto explanation = CO_TRY(co_await environments.explain(text(parameters, "environment")));
    co_return http::json_response(200, broker::to_json(explanation));
  }

  net::Task<http::Response> list_keys(http::Request&, object) {
    boost::json::array listed;
    for (const auto& key : keys.list()) listed.push_back(key_body(key));
    co_return http::json_response(200, object{{"keys", std::move(listed)}});
  }

  net::Task<http::Response> create_key(http::Request& request, object) {
    CO_TRY(require_administrator(request));
    const auto cause = cause_of(request);
    const auto made = CO_TRY(co_await keys.create(
        text(request.json->as_object(), "name"), [&](storage::Connection& connection, const auth::AccessKey& key) {
          return environments.record(connection, cause, key.id, {}, key_body(key));
        }));
    auto body = key_body(made.key);
    body["secretAccessKey"] = made.secret.reveal();
    co_return http::json_response(201, body);
  }

  net::Task<http::Response> revoke_key(http::Request& request, object parameters) {
    CO_TRY(require_administrator(request));
    const auto id = text(parameters, "accessKeyId");
    const auto cause = cause_of(request);
    CO_TRY(co_await keys.revoke(id, [&](storage::Connection& connection, const auth::AccessKey& key) {
      return environments.record(connection, cause, key.id, key_body(key), {});
    }));
    co_return http::Response{.status = 204, .headers = {}, .body = {}};
  }

  // Whoever makes a key may do what keys may do, so it takes one who may do everything.
  static base::Result<void> require_administrator(const http::Request& request) {
    if (request.caller.administrator) return {};
    base::Error error;
    error.kind = base::ErrorKind::forbidden;
    error.message = fmt::format("{} may not change access keys; use an administrator's key.", request.caller.name);
    return error;
  }

  broker::Environments& environments;
  auth::AccessKeys& keys;
  http::OpenApi document = load_document();
  http::Router router{};
};

OperatorSurface::OperatorSurface(broker::Environments& environments, auth::AccessKeys& keys)
    : impl_(std::make_unique<Impl>(environments, keys)) {
  impl_->add_routes();
}

OperatorSurface::~OperatorSurface() = default;

bool OperatorSurface::owns(std::string_view path) const {
  return path.starts_with(kPrefix) && (path.size() == kPrefix.size() || path[kPrefix.size()] == '/');
}

const http::Router& OperatorSurface::router() const {
  return impl_->router;
}

http::Response OperatorSurface::no_route(const http::Request& request, const http::Router::Match& match) const {
  if (!match.path_known) return error_response(base::not_found("There is nothing at this path."));
  auto error = base::invalid(fmt::format("{} is not possible here.", request.method));
  auto response = error_response(error);
  response.status = 405;
  std::string allowed;
  for (const auto& method : match.allowed_methods) allowed += (allowed.empty() ? "" : ", ") + method;
  response.headers.emplace_back("Allow", allowed);
  return response;
}

http::Response OperatorSurface::error(const http::Request&, const base::Error& error) const {
  return error_response(error);
}

}  // namespace slipway::surface::operator_api
