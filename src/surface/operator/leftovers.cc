#include "surface/operator/operations.h"

namespace slipway::surface::operator_api {

namespace {

using boost::json::object;

http::Response leftovers_response(const std::vector<storage::LeftoverRow>& leftovers) {
  boost::json::array listed;
  for (const auto& leftover : leftovers) {
    auto body = resource_body(leftover.resource);
    body["since"] = base::iso8601(leftover.since);
    listed.push_back(std::move(body));
  }
  return http::json_response(200, object{{"leftovers", std::move(listed)}});
}

net::Task<http::Response> list_leftovers(Call call) {
  co_return leftovers_response(CO_TRY(co_await call.services.environments.leftovers().list()));
}

net::Task<http::Response> reap_leftovers(Call call) {
  CO_TRY(require_administrator(call.request, "change leftovers"));
  co_return leftovers_response(CO_TRY(co_await call.services.environments.leftovers().reap(cause_of(call.request))));
}

net::Task<http::Response> list_resources(Call call) {
  const auto found = CO_TRY(call.services.environments.resolve(call.text("environment")));
  boost::json::array listed;
  for (const auto& row : CO_TRY(co_await call.services.environments.resources(found->id))) {
    listed.push_back(resource_body(row));
  }
  co_return http::json_response(200, object{{"resources", std::move(listed)}});
}

}  // namespace

object resource_body(const storage::ResourceRow& row) {
  object body{{"environment", row.environment_id.str()},
              {"kind", row.kind},
              {"locator", row.locator},
              {"region", row.region},
              {"state", row.state},
              {"recordedAt", base::iso8601(row.recorded_at)}};
  if (row.gone_at) body["goneAt"] = base::iso8601(*row.gone_at);
  return body;
}

Operations leftover_operations() {
  return {{"ListLeftovers", list_leftovers}, {"ReapLeftovers", reap_leftovers}, {"ListResources", list_resources}};
}

}  // namespace slipway::surface::operator_api
