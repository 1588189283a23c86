#include <boost/json/parse.hpp>

#include "broker/why.h"
#include "surface/operator/operations.h"

namespace slipway::surface::operator_api {

namespace {

using boost::json::object;

base::ExecutionId id_of(const Call& call) {
  return base::ExecutionId(call.text("execution"));
}

object listed_body(const storage::ListedExecution& row) {
  object body{{"id", row.id.str()},
              {"environmentId", row.environment_id.str()},
              {"environment", row.environment_name},
              {"kind", row.kind},
              {"document", row.document_name + ":" + std::to_string(row.document_version)},
              {"state", row.state},
              {"createdAt", base::iso8601(row.created_at)}};
  if (!row.cursor.empty() && !row.ended_at) body["step"] = row.cursor;
  if (!row.parent_id.empty()) body["parentId"] = row.parent_id;
  if (!row.retry_of.empty()) body["retryOf"] = row.retry_of;
  if (row.started_at) body["startedAt"] = base::iso8601(*row.started_at);
  if (row.ended_at) body["endedAt"] = base::iso8601(*row.ended_at);
  if (!row.failure_code.empty() || !row.failure_text.empty()) {
    body["failure"] = object{{"code", row.failure_code}, {"message", row.failure_text}};
  }
  return body;
}

net::Task<http::Response> list_executions(Call call) {
  storage::ExecutionFilter filter{.environment_id = {}, .state = call.text("state")};
  if (const auto environment = call.text("environment"); !environment.empty()) {
    filter.environment_id = CO_TRY(call.services.environments.resolve(environment))->id;
  }
  const auto page = CO_TRY(co_await call.services.environments.list_executions(
      std::move(filter), call.text("nextToken"), call.number("limit")));
  boost::json::array listed;
  for (const auto& row : page.executions) listed.push_back(listed_body(row));
  object body{{"executions", std::move(listed)}};
  if (!page.next.empty()) body["nextToken"] = page.next;
  co_return http::json_response(200, body);
}

net::Task<http::Response> describe_execution(Call call) {
  const auto execution = CO_TRY(co_await call.services.environments.execution(id_of(call)));
  co_return http::json_response(200, broker::to_json(execution));
}

net::Task<http::Response> list_journal(Call call) {
  const auto limit = call.number("limit");
  auto after = call.parameters.at("after").to_number<std::int64_t>();
  const auto rows = CO_TRY(co_await call.services.environments.journal(id_of(call), after, limit));
  boost::json::array listed;
  for (const auto& row : rows) {
    listed.push_back(object{{"id", row.jid},
                            {"at", base::iso8601(row.at)},
                            {"kind", row.kind},
                            {"step", row.step},
                            {"visit", row.visit},
                            {"attempt", row.attempt},
                            {"payload", boost::json::parse(row.payload)}});
  }
  object body{{"entries", std::move(listed)}};
  if (std::ssize(rows) == limit) body["next"] = rows.back().jid;
  co_return http::json_response(200, body);
}

net::Task<http::Response> cancel_execution(Call call) {
  const auto execution =
      CO_TRY(co_await call.services.environments.cancel_execution(id_of(call), cause_of(call.request)));
  co_return http::json_response(202, broker::to_json(execution));
}

}  // namespace

Operations execution_operations() {
  return {{"ListExecutions", list_executions},
          {"DescribeExecution", describe_execution},
          {"ListJournal", list_journal},
          {"CancelExecution", cancel_execution}};
}

}  // namespace slipway::surface::operator_api
