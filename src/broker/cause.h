#pragma once
// Who asks for a change: for the audit record and for `why`. Used by everything here that changes something, and by
// surfaces, which say it.

#include <string>

namespace slipway::broker {

struct Cause {
  std::string who;        // the caller's name
  std::string surface;    // through which it came, such as "parallelcluster"
  std::string operation;  // the surface's word, such as CreateCluster
  std::string request_id;
  std::string correlation_id;  // the caller's, may be empty
};

}  // namespace slipway::broker
