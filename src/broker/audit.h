#pragma once
// What the broker writes beside a change, in its transaction: one audit record, and what followers of events are told.
// Used by the files here.

#include <boost/json/object.hpp>

#include "broker/cause.h"
#include "broker/environment.h"
#include "storage/audit.h"
#include "storage/environments.h"

namespace slipway::broker {

// What of an environment stands in a record: name, type, region, status, fleet. No parameters: they may be large.
boost::json::object summary(const Environment& environment);

// `before` and `after` may be empty: there was nothing, nothing is left.
storage::AuditRow audit_row(const Cause& cause, base::Time now, std::string target, const boost::json::object& before,
                            const boost::json::object& after);

// Of what nobody asked for.
Cause by_the_broker(std::string operation);

// Tells followers that the environment has the row's status now.
base::Result<void> tell_status(storage::Connection& connection, const storage::EnvironmentRow& row);
// Warns them. `about`: added to the warning's words.
base::Result<void> tell_warning(storage::Connection& connection, const base::EnvironmentId& id, std::string_view words,
                                boost::json::object about, base::Time now);

// All that a launch writes. Errors: conflict where the name is taken, or the version of the type is gone.
base::Result<void> insert_launch(storage::Connection& connection, const storage::EnvironmentRow& row,
                                 const storage::Transaction& execution, const storage::AuditRow& audit);

}  // namespace slipway::broker
