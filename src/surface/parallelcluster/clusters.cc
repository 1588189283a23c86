#include <fmt/format.h>

#include <algorithm>
#include <boost/json/monotonic_resource.hpp>

#include "surface/parallelcluster/bodies.h"
#include "surface/parallelcluster/errors.h"
#include "surface/parallelcluster/operations.h"
#include "surface/parallelcluster/status.h"

namespace slipway::surface::parallelcluster {

namespace {

constexpr int kPageSize = 100;  // that of CloudFormation's DescribeStacks

// Of a description as JSON values; where a cluster's tags need more, more is taken.
constexpr std::size_t kDescriptionBytes = 4 << 10;

// True where no status is asked for, or this is one of them.
bool is_wanted(const Call& call, std::string_view status) {
  const auto* wanted = call.parameters.if_contains("clusterStatus");
  if (wanted == nullptr) return true;
  const auto is = [&](const boost::json::value& each) { return each.as_string() == status; };
  return std::ranges::any_of(wanted->as_array(), is);
}

}  // namespace

// As in the reference, a page is filtered after it was fetched: it may be empty and still carry a token.
net::Task<http::Response> list_clusters(const Context& context, Call call) {
  auto region = CO_TRY(region_of(context, call));
  const auto* token = call.request.query_value("nextToken");
  const auto page = CO_TRY(co_await context.environments.list(std::string(kType), std::move(region),
                                                              token == nullptr ? "" : *token, kPageSize));
  boost::json::array clusters;
  for (const auto& environment : page.environments) {
    const auto stack = stack_status(*environment);
    if (is_wanted(call, cluster_status(stack))) clusters.push_back(cluster_summary(*environment, stack));
  }
  boost::json::object body{{"clusters", std::move(clusters)}};
  if (!page.next.empty()) body["nextToken"] = page.next;
  co_return http::json_response(200, body);
}

net::Task<http::Response> describe_cluster(const Context& context, Call call) {
  const auto environment = CO_TRY(cluster_of(context, call));
  const Described described{.configuration_url = context.links.link(environment->id),
                            .fleet = context.environments.fleet(*environment),
                            .instances = context.environments.instances(*environment),
                            .provider_tags = context.environments.tags(*environment)};
  boost::json::monotonic_resource memory(kDescriptionBytes);
  co_return http::json_response(200, cluster_description(*environment, described, &memory));
}

net::Task<http::Response> delete_cluster(const Context& context, Call call) {
  const auto environment = CO_TRY(cluster_of(context, call, kAdviceDeleteInstances));
  const auto terminated = co_await context.environments.terminate(environment->id, cause_of(call.request));
  if (!terminated && terminated.error().kind == base::ErrorKind::not_found) {
    co_return no_cluster(environment->name, kAdviceDeleteInstances);
  }
  if (!terminated) {
    auto error = terminated.error();
    error.message = fmt::format("Cluster {} did not delete successfully. {}", environment->name, error.message);
    co_return error;
  }
  co_return http::json_response(202,
                                boost::json::object{{"cluster", cluster_summary(*environment, "DELETE_IN_PROGRESS")}});
}

}  // namespace slipway::surface::parallelcluster
