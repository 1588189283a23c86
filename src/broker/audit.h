#pragma once
// Audit records of the broker: one for each change, written in the transaction of that change. Used by the files here.

#include <boost/json/object.hpp>

#include "broker/environments.h"
#include "storage/audit.h"
#include "storage/environments.h"

namespace slipway::broker {

// What of an environment stands in a record: name, type, region, status, fleet. No parameters: they may be large.
boost::json::object summary(const Environment& environment);

// `before` and `after` may be empty: there was nothing, nothing is left.
storage::AuditRow audit_row(const Cause& cause, base::Time now, std::string target, const boost::json::object& before,
                            const boost::json::object& after);

// All that a launch writes. Errors: conflict where the name is taken.
base::Result<void> insert_launch(storage::Connection& connection, const storage::EnvironmentRow& row,
                                 const storage::Transaction& execution, const storage::AuditRow& audit);

}  // namespace slipway::broker
