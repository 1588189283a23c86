#pragma once
// The operations of the operator API, a file for each resource. A file has its functions to itself and gives the table
// of them: an operation is added in openapi/operator.yaml and in one file. Each gets a request whose shape was checked
// and gives the answer, or an Error that errors.cc words. Nobody outside this folder uses this.

#include <boost/json/object.hpp>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "broker/environments.h"
#include "http/message.h"
#include "net/task.h"
#include "surface/operator/operator_surface.h"

namespace slipway::surface::operator_api {

struct Call {
  const Services& services;
  http::Request& request;          // lives until the operation has returned
  boost::json::object parameters;  // typed, with defaults; absent ones left out

  // Of a parameter that is required or has a default.
  std::string text(std::string_view name) const;
  int number(std::string_view name) const;
  // The members of the body, which the document requires.
  const boost::json::object& body() const { return request.json->get_object(); }
};

using Operation = net::Task<http::Response> (*)(Call call);
using Operations = std::map<std::string_view, Operation>;  // by operationId

Operations connect_operations();      // connect.cc
Operations environment_operations();  // environments.cc
Operations execution_operations();    // executions.cc
Operations event_operations();        // events.cc
Operations key_operations();          // keys.cc
Operations type_operations();         // types.cc
Operations leftover_operations();     // leftovers.cc

// For the operations.
boost::json::object resource_body(const storage::ResourceRow& row);  // leftovers.cc
broker::Cause cause_of(const http::Request& request);
// Forbidden where the caller is no administrator. `what`: "change access keys", as in "may not change access keys".
base::Result<void> require_administrator(const http::Request& request, std::string_view what);

}  // namespace slipway::surface::operator_api
