#include <boost/json/parse.hpp>

#include "broker/why.h"
#include "surface/operator/operations.h"

namespace slipway::surface::operator_api {

namespace {

using boost::json::object;
using Kind = workflow::Signal::Kind;

using Meant = broker::Executions::Meant;

base::Result<base::ExecutionId> id_of(const Call& call, Meant meant = Meant::the_whole) {
  return call.services.environments.resolve_execution(call.text("execution"), meant);
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
  const auto page = CO_TRY(co_await call.services.environments.executions().list(
      std::move(filter), call.text("nextToken"), call.number("limit")));
  boost::json::array listed;
  for (const auto& row : page.executions) listed.push_back(listed_body(row));
  object body{{"executions", std::move(listed)}};
  if (!page.next.empty()) body["nextToken"] = page.next;
  co_return http::json_response(200, body);
}

net::Task<http::Response> describe_execution(Call call) {
  const auto id = CO_TRY(id_of(call));
  const auto execution = CO_TRY(co_await call.services.environments.executions().describe(id));
  co_return http::json_response(200, broker::to_json(execution));
}

net::Task<http::Response> list_journal(Call call) {
  const auto limit = call.number("limit");
  auto after = call.parameters.at("after").to_number<std::int64_t>();
  const auto id = CO_TRY(id_of(call));
  const auto rows = CO_TRY(co_await call.services.environments.executions().journal(id, after, limit));
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

net::Task<http::Response> end_execution(Call call, bool complete) {
  auto& environments = call.services.environments;
  const auto id = CO_TRY(id_of(call));
  CO_TRY(co_await environments.executions().cancel(id, complete, cause_of(call.request)));
  const auto execution = CO_TRY(co_await environments.executions().find(id));
  // Nothing is undone: the answer says what there is to look after (automation-documents.md, 2.13).
  boost::json::array resources;
  for (const auto& row : CO_TRY(co_await environments.resources(execution.environment_id))) {
    if (row.state != "gone") resources.push_back(resource_body(row));
  }
  auto body = broker::to_json(execution);
  body["resources"] = std::move(resources);
  co_return http::json_response(202, body);
}

net::Task<http::Response> cancel_execution(Call call) {
  return end_execution(std::move(call), false);
}

net::Task<http::Response> complete_execution(Call call) {
  return end_execution(std::move(call), true);
}

template <workflow::Signal::Kind kKind>
net::Task<http::Response> signal_execution(Call call) {
  workflow::Signal signal;
  signal.kind = kKind;
  const auto* body = call.request.json && call.request.json->is_object() ? &call.request.json->get_object() : nullptr;
  const auto text = [&](std::string_view name) {
    const auto* value = body == nullptr ? nullptr : body->if_contains(name);
    return value == nullptr ? std::string() : std::string(value->get_string());
  };
  signal.comment = text("comment");
  signal.step = text("step");
  if (const auto* outputs = body == nullptr ? nullptr : body->if_contains("outputs")) {
    signal.outputs = outputs->get_object();
  }
  auto& environments = call.services.environments;
  const auto id = CO_TRY(id_of(call, Meant::the_one_that_waits));
  const auto result = CO_TRY(co_await environments.executions().signal(id, std::move(signal), cause_of(call.request)));
  co_return http::json_response(202,
                                broker::to_json(CO_TRY(co_await environments.executions().find(result.execution))));
}

}  // namespace

Operations execution_operations() {
  return {{"ListExecutions", list_executions},
          {"DescribeExecution", describe_execution},
          {"ListJournal", list_journal},
          {"CancelExecution", cancel_execution},
          {"CompleteExecution", complete_execution},
          {"ApproveExecution", signal_execution<Kind::approve>},
          {"RejectExecution", signal_execution<Kind::reject>},
          {"ResumeExecution", signal_execution<Kind::resume>},
          {"RetryExecution", signal_execution<Kind::retry>},
          {"SkipStep", signal_execution<Kind::skip>},
          {"AdoptStep", signal_execution<Kind::adopt>},
          {"FailStep", signal_execution<Kind::fail>}};
}

}  // namespace slipway::surface::operator_api
