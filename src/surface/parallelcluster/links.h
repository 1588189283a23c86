#pragma once
// Links to a cluster's configuration document that work by plain GET for an hour, as the reference's presigned ones do:
// the path names the environment, the query the end of its time and a seal over both. Used by DescribeCluster and the
// route that answers the link.

#include <string>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/secret.h"
#include "http/message.h"

namespace slipway::surface::parallelcluster {

class Links {
 public:
  static constexpr std::chrono::seconds kLifetime{3600};
  // Under the surface's prefix; the last segment is the environment's id.
  static constexpr std::string_view kPath = "/v3/configurations";

  Links(const base::Clock& clock, base::Secret key);

  void set_base_url(std::string url);
  std::string link(const base::EnvironmentId& id) const;
  // The environment that `request`, whose path matched the link's, may read. Errors: forbidden, tampered or too old.
  base::Result<base::EnvironmentId> open(const http::Request& request) const;

 private:
  std::string seal(std::string_view id, std::string_view expires) const;

  const base::Clock& clock_;
  base::Secret key_;
  std::string base_url_;
};

}  // namespace slipway::surface::parallelcluster
