#include "broker/connections.h"

#include <fmt/format.h>

#include "broker/audit.h"
#include "broker/ending.h"
#include "workflow/reference.h"
#include "workflow/transient.h"

namespace slipway::broker {

namespace {

constexpr std::chrono::seconds kPatience{25};  // less than clients and proxies wait for an answer

}  // namespace

Connections::Connections(Services services) : services_(services), tickets_(services.clock) {}

base::Result<EnvironmentPtr> Connections::available(const base::EnvironmentId& id) {
  auto environment = TRY(services_.cache.find(id));
  if (!environment || environment->status == Status::terminated) {
    return base::not_found(fmt::format("The environment {} does not exist any more.", id.str()));
  }
  if (environment->status == Status::available) return environment;
  return base::conflict(fmt::format("{} cannot be connected to while it is {}; it must be available.",
                                    environment->name, to_string(environment->status)));
}

base::Result<boost::json::value> Connections::through_the_broker(const base::EnvironmentId& id, const std::string& who,
                                                                 const boost::json::value& own) {
  const auto url = workflow::to_text(own);
  const auto authority = url.find("://");
  if (authority == std::string::npos) {  // it may be a secret: not named
    return base::invalid("A key that is proxied must be a URL of the endpoint, as local:connectionUrl gives it.");
  }
  const auto path_at = url.find('/', authority + 3);
  const auto path = path_at == std::string::npos ? "/" : url.substr(path_at);
  return boost::json::value(fmt::format("{}{}{}{}{}={}", public_url_, connect_path(id), path,
                                        path.find('?') == std::string::npos ? '?' : '&', kTicketParameter,
                                        TRY(tickets_.issue(id, who))));
}

net::Task<ClientConnection> Connections::connect(base::EnvironmentId id, Cause cause) {
  const auto environment = CO_TRY(available(id));
  const auto type = CO_TRY(co_await services_.types.load(environment->type, environment->type_version));
  auto plan = CO_TRY(services_.providers.document(*type, environment->region, kConnect));
  const workflow::Identity identity{.installation_id = {},
                                    .execution_id = {},
                                    .environment_id = id,
                                    .environment_name = environment->name,
                                    .region = environment->region,
                                    .account_id = {},
                                    .partition = "aws",
                                    .correlation_id = environment->correlation_id};
  workflow::TransientRequest request{
      .plan = plan,
      .identity = identity,
      .parameters = document_parameters(*plan, environment->parameters, environment->outputs)};
  auto outputs = CO_TRY(co_await workflow::run_transient(services_.runtime, services_.clock, services_.actions,
                                                         std::move(request), kPatience));
  // Who has got a way in is on record before it is given; what it was is not.
  const auto audit = audit_row(cause, services_.clock.now(), id.str(), {}, summary(*environment));
  CO_TRY(co_await services_.database.write(
      [audit](storage::Connection& connection) { return storage::insert_audit(connection, audit); }));
  ClientConnection connection;
  if (type->connection) {
    connection.instruction = type->connection->instruction;
    for (const auto& key : type->connection->keys) {
      const auto* value = outputs.if_contains(key.name);
      if (value == nullptr) continue;
      connection.values[key.name] = key.proxied ? CO_TRY(through_the_broker(id, cause.who, *value)) : *value;
    }
    co_return connection;
  }
  connection.values = std::move(outputs);
  co_return connection;
}

net::Task<Endpoint> Connections::endpoint(base::EnvironmentId id) {
  const auto environment = CO_TRY(available(id));
  const auto type = CO_TRY(co_await services_.types.load(environment->type, environment->type_version));
  const auto* provider = services_.providers.serving(environment->region);
  if (!type->endpoint || provider == nullptr) {
    co_return base::invalid(
        fmt::format("{} has no endpoint: its type {} declares none.", environment->name, type->name));
  }
  auto endpoint = CO_TRY(co_await provider->endpoint(*environment, *type->endpoint));
  if (type->endpoint->prefix) endpoint.prefix = connect_path(id);
  co_return endpoint;
}

std::string connect_path(const base::EnvironmentId& id) {
  return "/slipway/connect/" + id.str();
}

boost::json::object to_json(const ClientConnection& connection) {
  boost::json::object body{{"values", connection.values}};
  if (!connection.instruction.empty()) body["instruction"] = connection.instruction;
  return body;
}

}  // namespace slipway::broker
