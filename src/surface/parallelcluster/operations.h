#pragma once
// The operations of the API, one function each, in a file for each resource. Each gets a request whose shape was
// checked and gives the answer, or an Error that errors.cc words. Nobody outside this folder uses this.

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "broker/environments.h"
#include "http/message.h"
#include "net/task.h"
#include "surface/parallelcluster/links.h"

namespace slipway::surface::parallelcluster {

// What operations share; outlives them.
struct Context {
  broker::Environments& environments;
  const Links& links;
  const std::string& default_region;
};

struct Call {
  http::Request& request;          // lives until the operation has returned
  boost::json::object parameters;  // typed, with defaults; absent ones left out

  // Text of a parameter, or null.
  const boost::json::string* text(std::string_view name) const;
  bool flag(std::string_view name) const;  // of a boolean that has a default
  std::string cluster_name() const;
};

using Operation = net::Task<http::Response> (*)(const Context& context, Call call);

// clusters.cc
net::Task<http::Response> list_clusters(const Context& context, Call call);
net::Task<http::Response> describe_cluster(const Context& context, Call call);
net::Task<http::Response> delete_cluster(const Context& context, Call call);
// create_cluster.cc
net::Task<http::Response> create_cluster(const Context& context, Call call);
// fleet.cc
net::Task<http::Response> describe_compute_fleet(const Context& context, Call call);
net::Task<http::Response> update_compute_fleet(const Context& context, Call call);
// instances.cc
net::Task<http::Response> describe_cluster_instances(const Context& context, Call call);
net::Task<http::Response> delete_cluster_instances(const Context& context, Call call);

// For the functions above.
inline constexpr std::string_view kType = "parallelcluster";
broker::Cause cause_of(const http::Request& request);
// The region of a request without a document.
base::Result<std::string> region_of(const Context& context, const Call& call);
// The cluster that a request is about. Errors: those of the region; not_found with `advice` behind the text.
base::Result<broker::EnvironmentPtr> cluster_of(const Context& context, const Call& call, std::string_view advice = {});

}  // namespace slipway::surface::parallelcluster
