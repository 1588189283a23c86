#include "surface/parallelcluster/parallelcluster_surface.h"

#include <array>
#include <map>
#include <stdexcept>

#include "http/failure.h"
#include "http/openapi.h"
#include "surface/parallelcluster/errors.h"
#include "surface/parallelcluster/operations.h"

namespace slipway::surface::parallelcluster {

namespace {

constexpr std::array<std::string_view, 2> kPrefixes{"/v3", "/prod/v3"};

// Those that are built; the rest of the document's operations answer that they are not.
const std::map<std::string_view, Operation>& operations() {
  static const std::map<std::string_view, Operation> kOperations{
      {"ListClusters", list_clusters},
      {"CreateCluster", create_cluster},
      {"DescribeCluster", describe_cluster},
      {"DeleteCluster", delete_cluster},
      {"DescribeComputeFleet", describe_compute_fleet},
      {"UpdateComputeFleet", update_compute_fleet},
      {"DescribeClusterInstances", describe_cluster_instances},
      {"DeleteClusterInstances", delete_cluster_instances},
  };
  return kOperations;
}

http::OpenApi load_document() {
  auto document = http::OpenApi::load(http::openapi_document("parallelcluster"));
  if (!document) throw std::logic_error("openapi/parallelcluster.yaml: " + document.error().describe());
  return std::move(document).value();
}

http::Response failed(const http::Request& request, const base::Error& error) {
  return http::failed(request, error, error_response(error));
}

// Who sends no correlation id is found by the cluster's name.
void correlate(http::Request& request, const boost::json::object& parameters) {
  if (!request.correlation_id.empty()) return;
  const auto* name = parameters.if_contains("clusterName");
  if (name == nullptr && request.json && request.json->is_object()) {
    name = request.json->get_object().if_contains("clusterName");
  }
  if (name != nullptr && name->is_string()) request.correlation_id = std::string(name->get_string());
}

}  // namespace

struct ParallelClusterSurface::Impl {
  Impl(broker::Environments& environments, const base::Clock& clock, Settings given)
      : settings(std::move(given)),
        links(clock, settings.link_key),
        context{.environments = environments, .links = links, .default_region = settings.default_region} {}

  void add_routes() {
    for (const auto& operation : document.operations()) {
      for (const auto prefix : kPrefixes) {
        router.add({.method = operation.method,
                    .path = std::string(prefix) + operation.path,
                    .operation = operation.id,
                    .handler = handler(operation.id),
                    .always = operation.id == "DeleteCluster"});
      }
    }
    router.add({.method = "GET",
                .path = std::string(Links::kPath) + "/{environmentId}",
                .operation = "GetClusterConfiguration",
                .handler = [this](http::Request& request) { return answer_link(request); }});
  }

  http::Handler handler(const std::string& id) {
    const auto built = operations().find(id);
    if (built == operations().end()) {
      return [](http::Request& request) -> boost::asio::awaitable<http::Response> {
        co_return not_built(request.operation);
      };
    }
    return [this, operation = built->second](http::Request& request) { return run(operation, request); };
  }

  boost::asio::awaitable<http::Response> run(Operation operation, http::Request& request) {
    auto checked = document.check(request);
    if (!checked.violations.empty()) co_return shape_error(checked.violations);
    correlate(request, checked.parameters);
    auto answer = co_await operation(context, Call{.request = request, .parameters = std::move(checked.parameters)});
    if (!answer) co_return failed(request, answer.error());
    co_return std::move(answer).value();
  }

  boost::asio::awaitable<http::Response> answer_link(http::Request& request) {
    const auto id = links.open(request);
    if (!id) co_return failed(request, id.error());
    const auto environment = context.environments.find(*id);
    if (!environment) co_return failed(request, environment.error());
    if (!*environment) co_return failed(request, base::not_found("The environment of this link does not exist."));
    co_return http::Response{.status = 200,
                             .headers = {{"Cache-Control", "private, no-store"}},
                             .body = (*environment)->request_document,
                             .content_type = "application/x-yaml"};
  }

  const Settings settings;
  http::OpenApi document = load_document();
  Links links;
  const Context context;
  http::Router router;
};

ParallelClusterSurface::ParallelClusterSurface(broker::Environments& environments, const base::Clock& clock,
                                               Settings settings)
    : impl_(std::make_unique<Impl>(environments, clock, std::move(settings))) {
  impl_->add_routes();
}

ParallelClusterSurface::~ParallelClusterSurface() = default;

void ParallelClusterSurface::set_base_url(std::string url) {
  impl_->links.set_base_url(std::move(url));
}

bool ParallelClusterSurface::owns(std::string_view path) const {
  for (const auto prefix : kPrefixes) {
    if (!path.starts_with(prefix)) continue;
    const auto rest = path.substr(prefix.size());
    if (!rest.empty() && rest[0] != '/') continue;
    // The EMR broker's, where no stage stands before it.
    const bool foreign = prefix == "/v3" && (rest == "/api-docs" || rest.starts_with("/api-docs/"));
    return !foreign;
  }
  return false;
}

const http::Router& ParallelClusterSurface::router() const {
  return impl_->router;
}

bool ParallelClusterSurface::is_public(const http::Request& request) const {
  return request.operation == "GetClusterConfiguration";
}

// An unknown method on a known path is no route either: the gateway before the reference never lets it through.
http::Response ParallelClusterSurface::no_route(const http::Request&, const http::Router::Match&) const {
  return no_such_route();
}

http::Response ParallelClusterSurface::error(const http::Request& request, const base::Error& error) const {
  if (error.kind == base::ErrorKind::unauthenticated) return unauthenticated(request, error);
  return gateway_error(error);
}

}  // namespace slipway::surface::parallelcluster
