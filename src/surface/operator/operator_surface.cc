#include "surface/operator/operator_surface.h"

#include <fmt/format.h>

#include <stdexcept>

#include "base/text.h"
#include "http/failure.h"
#include "http/openapi.h"
#include "surface/operator/errors.h"
#include "surface/operator/operations.h"

namespace slipway::surface::operator_api {

namespace {

constexpr std::string_view kPrefix = "/slipway";
constexpr std::string_view kVersionPrefix = "/slipway/v1";

http::OpenApi load_document() {
  auto document = http::OpenApi::load(http::openapi_document("operator"));
  if (!document) throw std::logic_error("openapi/operator.yaml: " + document.error().describe());
  return std::move(document).value();
}

Operations all_operations() {
  Operations all;
  for (auto resource : {environment_operations, connect_operations, execution_operations, type_operations,
                        event_operations, leftover_operations, key_operations}) {
    all.merge(resource());
  }
  return all;
}

// Of a presigned URL.
bool is_of_the_signature(std::string_view parameter) {
  return base::lower(parameter).starts_with("x-amz-");
}

http::Response failed(const http::Request& request, const base::Error& error) {
  return http::failed(request, error, error_response(error));
}

}  // namespace

std::string Call::text(std::string_view name) const {
  return std::string(parameters.at(name).as_string());
}

int Call::number(std::string_view name) const {
  return parameters.at(name).to_number<int>();
}

broker::Cause cause_of(const http::Request& request) {
  return {.who = request.caller.name.empty() ? request.caller.id : request.caller.name,
          .surface = "operator",
          .operation = request.operation,
          .request_id = request.request_id,
          .correlation_id = request.correlation_id};
}

base::Result<void> require_administrator(const http::Request& request, std::string_view what) {
  if (request.caller.administrator) return {};
  base::Error error;
  error.kind = base::ErrorKind::forbidden;
  error.message = fmt::format("{} may not {}; use an administrator's key.", request.caller.name, what);
  return error;
}

struct OperatorSurface::Impl {
  void add_routes() {
    const auto operations = all_operations();
    for (const auto& operation : document.operations()) {
      router.add({.method = operation.method,
                  .path = std::string(kVersionPrefix) + operation.path,
                  .operation = operation.id,
                  .handler = [this, run_it = operations.at(operation.id)](
                                 http::Request& request) { return run(run_it, request); },
                  .always = operation.id == "TerminateEnvironment" || operation.id == "CancelExecution"});
    }
  }

  boost::asio::awaitable<http::Response> run(Operation operation, http::Request& request) {
    auto checked = document.check(request);
    for (auto& unknown : checked.unknown) {
      // One that is spelt wrong would be left out of account silently.
      if (!is_of_the_signature(unknown.name)) checked.violations.push_back(std::move(unknown));
    }
    if (!checked.violations.empty()) co_return error_response(shape_error(checked.violations));
    auto answer =
        co_await operation(Call{.services = services, .request = request, .parameters = std::move(checked.parameters)});
    if (!answer) co_return failed(request, answer.error());
    co_return std::move(answer).value();
  }

  const Services services;
  http::OpenApi document = load_document();
  http::Router router{};
};

OperatorSurface::OperatorSurface(Services services) : impl_(std::make_unique<Impl>(services)) {
  impl_->add_routes();
}

OperatorSurface::~OperatorSurface() = default;

bool OperatorSurface::owns(std::string_view path) const {
  return path.starts_with(kPrefix) && (path.size() == kPrefix.size() || path[kPrefix.size()] == '/');
}

const http::Router& OperatorSurface::router() const {
  return impl_->router;
}

// A type's folder, whose files are larger in JSON than they are.
std::size_t OperatorSurface::upload_limit(std::string_view path) const {
  return path.starts_with("/slipway/v1/types/") ? 2 * broker::kMostTypeBytes : 0;
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
