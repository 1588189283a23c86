#include "broker/audit.h"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>

#include "storage/events.h"
#include "storage/types.h"

namespace slipway::broker {

boost::json::object summary(const Environment& environment) {
  return {{"name", environment.name},
          {"type", environment.type},
          {"region", environment.region},
          {"status", to_string(environment.status)},
          {"fleet", to_string(environment.fleet)}};
}

storage::AuditRow audit_row(const Cause& cause, base::Time now, std::string target, const boost::json::object& before,
                            const boost::json::object& after) {
  return {.id = 0,
          .at = now,
          .who = cause.who,
          .surface = cause.surface,
          .what = cause.operation,
          .target = std::move(target),
          .before = before.empty() ? std::string() : boost::json::serialize(before),
          .after = after.empty() ? std::string() : boost::json::serialize(after),
          .request_id = cause.request_id,
          .correlation_id = cause.correlation_id};
}

Cause by_the_broker(std::string operation) {
  return {
      .who = "slipway", .surface = "broker", .operation = std::move(operation), .request_id = {}, .correlation_id = {}};
}

base::Result<void> tell_status(storage::Connection& connection, const storage::EnvironmentRow& row) {
  boost::json::object data{{"status", row.status}, {"correlationId", row.correlation_id}};
  if (!row.failure_reason.empty()) data["reason"] = row.failure_reason;
  return storage::append_event(connection, row.id, "status", row.updated_at, boost::json::serialize(data));
}

base::Result<void> tell_warning(storage::Connection& connection, const base::EnvironmentId& id, std::string_view words,
                                boost::json::object about, base::Time now) {
  about["warning"] = words;
  return storage::append_event(connection, id, "warning", now, boost::json::serialize(about));
}

base::Result<void> insert_launch(storage::Connection& connection, const storage::EnvironmentRow& row,
                                 const storage::Transaction& execution, const storage::AuditRow& audit) {
  if (row.type_version != 0 && !TRY(storage::has_type_version(connection, row.type, row.type_version))) {
    return base::conflict(fmt::format("Version {} of {} was removed meanwhile.", row.type_version, row.type));
  }
  auto inserted = storage::insert_environment(connection, row);
  if (!inserted && inserted.error().kind == base::ErrorKind::conflict) {
    return base::conflict(fmt::format("There is a {} named {} in {} already.", row.type, row.name, row.region));
  }
  if (!inserted) return inserted;
  TRY(execution(connection));
  TRY(tell_status(connection, row));
  return storage::insert_audit(connection, audit);
}

}  // namespace slipway::broker
