#pragma once
// Where on this machine a cluster's Slurm is reached, from the tags of DescribeCluster. Used by `cluster exec` and the
// demo.

#include <boost/json/value.hpp>
#include <map>
#include <string>

#include "base/result.h"
#include "cli/account.h"

namespace slipway::cli {

struct SlurmPlace {
  std::string conf;       // slurm.conf
  std::string directory;  // everything of the cluster; may be empty
  Account account;        // that runs it, and that its clients must be
  // What a client's environment needs beside what it inherits.
  std::map<std::string, std::string> variables() const;
};

// `cluster`: DescribeCluster's answer. Errors: invalid (the cluster is not on this machine), forbidden (it belongs to
// another account and this one is not root).
base::Result<SlurmPlace> slurm_place(const boost::json::value& cluster);

}  // namespace slipway::cli
