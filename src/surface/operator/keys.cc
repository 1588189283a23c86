#include "surface/operator/operations.h"

namespace slipway::surface::operator_api {

namespace {

using boost::json::object;

// Whoever makes a key may do what keys may do, so it takes one who may do everything. Who else has one is nobody's
// business but theirs.
constexpr std::string_view kChange = "change access keys";
constexpr std::string_view kList = "list access keys";

object key_body(const auth::AccessKey& key) {
  return {{"accessKeyId", key.id},
          {"name", key.name},
          {"rights", to_string(key.rights)},
          {"createdAt", base::iso8601(key.created_at)}};
}

net::Task<http::Response> list_keys(Call call) {
  CO_TRY(require_administrator(call.request, kList));
  boost::json::array listed;
  for (const auto& key : call.services.keys.list()) listed.push_back(key_body(key));
  co_return http::json_response(200, object{{"keys", std::move(listed)}});
}

net::Task<http::Response> create_key(Call call) {
  CO_TRY(require_administrator(call.request, kChange));
  const auto cause = cause_of(call.request);
  auto rights = auth::Rights::administrator;
  if (const auto* given = call.body().if_contains("rights")) {
    rights = auth::rights_from(given->as_string()).value();  // one of the document's words
  }
  const auto made = CO_TRY(co_await call.services.keys.create(
      std::string(call.body().at("name").as_string()),
      [&](storage::Connection& connection, const auth::AccessKey& key) {
        return call.services.environments.record(connection, cause, key.id, {}, key_body(key));
      },
      rights));
  auto body = key_body(made.key);
  body["secretAccessKey"] = made.secret.reveal();
  co_return http::json_response(201, body);
}

net::Task<http::Response> revoke_key(Call call) {
  CO_TRY(require_administrator(call.request, kChange));
  const auto cause = cause_of(call.request);
  CO_TRY(co_await call.services.keys.revoke(
      call.text("accessKeyId"), [&](storage::Connection& connection, const auth::AccessKey& key) {
        return call.services.environments.record(connection, cause, key.id, key_body(key), {});
      }));
  co_return http::Response{.status = 204, .headers = {}, .body = {}};
}

}  // namespace

Operations key_operations() {
  return {{"ListKeys", list_keys}, {"CreateKey", create_key}, {"RevokeKey", revoke_key}};
}

}  // namespace slipway::surface::operator_api
