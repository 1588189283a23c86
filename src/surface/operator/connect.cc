#include "broker/connection.h"
#include "surface/operator/operations.h"

namespace slipway::surface::operator_api {

namespace {

net::Task<http::Response> connect_environment(Call call) {
  auto& environments = call.services.environments;
  const auto found = CO_TRY(environments.resolve(call.text("environment")));
  auto connection = CO_TRY(co_await environments.connections().connect(found->id, cause_of(call.request)));
  auto answer = http::json_response(200, broker::to_json(connection));
  answer.headers.emplace_back("Cache-Control", "no-store");
  co_return answer;
}

}  // namespace

Operations connect_operations() {
  return {{"ConnectEnvironment", connect_environment}};
}

}  // namespace slipway::surface::operator_api
