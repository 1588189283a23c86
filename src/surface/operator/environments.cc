#include "broker/why.h"
#include "surface/operator/operations.h"

namespace slipway::surface::operator_api {

namespace {

using boost::json::object;

net::Task<http::Response> list_environments(Call call) {
  const auto page = CO_TRY(co_await call.services.environments.list(call.text("type"), call.text("region"),
                                                                    call.text("nextToken"), call.number("limit")));
  boost::json::array listed;
  for (const auto& environment : page.environments) listed.push_back(broker::to_json(*environment));
  object body{{"environments", std::move(listed)}};
  if (!page.next.empty()) body["nextToken"] = page.next;
  co_return http::json_response(200, body);
}

net::Task<http::Response> explain_environment(Call call) {
  const auto explanation = CO_TRY(co_await call.services.environments.explain(call.text("environment")));
  co_return http::json_response(200, broker::to_json(explanation));
}

}  // namespace

Operations environment_operations() {
  return {{"ListEnvironments", list_environments}, {"ExplainEnvironment", explain_environment}};
}

}  // namespace slipway::surface::operator_api
