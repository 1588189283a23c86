#include "broker/rows.h"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>
#include <stdexcept>

#include "base/text.h"

namespace slipway::broker {

namespace {

std::map<std::string, std::string> texts(const boost::json::object& object) {
  std::map<std::string, std::string> texts;
  for (const auto& [key, value] : object) texts.emplace(key, std::string_view(value.as_string()));
  return texts;
}

std::string serialized(const std::map<std::string, std::string>& texts) {
  boost::json::object object;
  for (const auto& [key, value] : texts) object[key] = value;
  return boost::json::serialize(object);
}

// Whose a sealed column is: exchanged ones do not open.
std::string owner_of(std::string_view column, const base::EnvironmentId& id) {
  return fmt::format("the {} of environment {}", column, id.str());
}

// Sealed, the column tells also what is secret in it.
base::Result<void> read_parameters(std::string column, const storage::Sealing& sealing, Environment& environment) {
  const bool sealed = storage::is_sealed(column);
  const auto owner = owner_of("parameters", environment.id);
  auto read = boost::json::parse(TRY(storage::from_column(std::move(column), owner, sealing))).as_object();
  if (!sealed) {
    environment.parameters = std::move(read);
    return {};
  }
  environment.parameters = std::move(read.at("parameters").as_object());
  environment.secrets = boost::json::value_to<std::vector<std::string>>(read.at("secrets"));
  return {};
}

std::string parameters_text(const Environment& environment) {
  const auto& secrets = environment.secrets;
  if (secrets.empty()) return boost::json::serialize(environment.parameters);
  return boost::json::serialize(boost::json::object{{"parameters", environment.parameters},
                                                    {"secrets", boost::json::array(secrets.begin(), secrets.end())}});
}

}  // namespace

base::Result<Environment> from_row(storage::EnvironmentRow row, const storage::Sealing& sealing) {
  const auto status = status_from(row.status);
  if (!status)
    throw std::runtime_error("environment " + row.id.str() + " is stored with the unknown status " + row.status);
  Environment environment;
  environment.id = std::move(row.id);
  environment.name = std::move(row.name);
  environment.type = std::move(row.type);
  environment.type_version = static_cast<int>(row.type_version);
  environment.region = std::move(row.region);
  environment.owner = std::move(row.owner);
  environment.status = *status;
  environment.rolled_back = row.rolled_back;
  environment.rolling_back = row.rolling_back;
  if (!row.failure_code.empty()) environment.failure = Failure{row.failure_code, row.failure_reason};
  TRY(read_parameters(std::move(row.parameters), sealing, environment));
  environment.tags = texts(boost::json::parse(row.tags).as_object());
  const auto open = [&](std::string column, std::string_view name) {
    return storage::from_column(std::move(column), owner_of(name, environment.id), sealing);
  };
  environment.request_document = TRY(open(std::move(row.request_document), "request"));
  environment.outputs = boost::json::parse(TRY(open(std::move(row.outputs), "outputs"))).as_object();
  environment.fleet = row.fleet == to_string(Fleet::stopped) ? Fleet::stopped : Fleet::running;
  environment.fleet_updated_at = row.fleet_updated_at;
  environment.created_at = row.created_at;
  environment.updated_at = row.updated_at;
  environment.correlation_id = std::move(row.correlation_id);
  environment.instance_id = std::move(row.instance_id);
  environment.instance_arn = std::move(row.instance_arn);
  environment.instance_role = std::move(row.instance_role);
  environment.expires_at = row.expires_at;
  environment.warned_at = row.warned_at;
  environment.last_active_at = row.last_active_at;
  return environment;
}

storage::EnvironmentRow to_row(const Environment& environment, const storage::Sealing& sealing) {
  storage::EnvironmentRow row;
  row.id = environment.id;
  row.name = environment.name;
  row.type = environment.type;
  row.type_version = environment.type_version;
  row.region = environment.region;
  row.owner = environment.owner;
  row.status = to_string(environment.status);
  row.rolled_back = environment.rolled_back;
  row.rolling_back = environment.rolling_back;
  if (environment.failure) {
    row.failure_code = environment.failure->code;
    row.failure_reason = environment.failure->reason;
  }
  const auto close = [&](std::string text, std::string_view name) {
    return storage::to_column(std::move(text), !environment.secrets.empty(), owner_of(name, environment.id), sealing);
  };
  row.parameters = close(parameters_text(environment), "parameters");
  row.tags = serialized(environment.tags);
  row.request_document = close(environment.request_document, "request");
  row.outputs = close(boost::json::serialize(environment.outputs), "outputs");
  row.fleet = to_string(environment.fleet);
  row.fleet_updated_at = environment.fleet_updated_at;
  row.created_at = environment.created_at;
  row.updated_at = environment.updated_at;
  row.correlation_id = environment.correlation_id;
  row.instance_id = environment.instance_id;
  row.instance_arn = environment.instance_arn;
  row.instance_role = environment.instance_role;
  row.expires_at = environment.expires_at;
  row.warned_at = environment.warned_at;
  row.last_active_at = environment.last_active_at;
  return row;
}

base::Result<std::optional<base::EnvironmentId>> environment_meant(storage::Connection& connection,
                                                                   const std::string& name_or_id) {
  std::optional<base::EnvironmentId> meant(name_or_id);
  if (TRY(storage::find_environment(connection, *meant))) return meant;
  const auto named = TRY(storage::environments_named(connection, name_or_id));
  if (named.size() > 1) {
    return base::conflict(
        fmt::format("Several environments are named {}: say which by its id.", base::excerpt(name_or_id)));
  }
  meant.reset();
  if (!named.empty()) meant = named.front();
  return meant;
}

}  // namespace slipway::broker
