#pragma once
// The dialect's words and bodies for everything that goes wrong (contract, section 3). Handlers raise Errors or call
// the functions here for answers that carry more than a text; no other file builds an error body.

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "http/message.h"
#include "http/openapi.h"
#include "surface/parallelcluster/schema.h"
#include "surface/parallelcluster/validators.h"

namespace slipway::surface::parallelcluster {

// An Error that a handler returned: its kind gives the status, its message the text.
http::Response error_response(const base::Error& error);
// An Error of the server or a middleware, in the words of the gateway that stands before the reference.
http::Response gateway_error(const base::Error& error);
// 403 of a request that is not signed, or not by somebody we know (3.6).
http::Response unauthenticated(const http::Request& request, const base::Error& error);
// A path or method that the API does not have.
http::Response no_such_route();
// An operation that is part of the API and not built yet.
http::Response not_built(std::string_view operation);

// The request does not have the shape of its operation: the first violation in the reference's order and words.
http::Response shape_error(const std::vector<http::Violation>& violations);

// 400 of a configuration that does not fit the schema; the array has one element for all problems.
http::Response schema_failure(const Problems& problems);
// 400 of a configuration that validators refused; `results` holds all of them, also those that did not refuse.
http::Response validation_failure(const std::vector<ValidationMessage>& results);
// 400 where building the model failed: a text without an array.
http::Response unusable_configuration(std::string_view why);
// 412: the request would have succeeded.
http::Response dry_run(const std::vector<ValidationMessage>& results);

// {"level", "message", "type"} of each.
boost::json::array validation_messages(const std::vector<ValidationMessage>& results);

// Errors of operations (3.5).
base::Error cluster_exists(std::string_view name);
base::Error no_cluster(std::string_view name, std::string_view advice = {});
inline constexpr std::string_view kAdviceDeleteInstances =
    " In case you have running instances belonging to a deleted cluster please use the DeleteClusterInstances API.";
inline constexpr std::string_view kAdviceForce =
    " To force the deletion of all compute nodes, please use the `force` param.";

}  // namespace slipway::surface::parallelcluster
