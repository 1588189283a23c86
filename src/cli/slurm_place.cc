#include "cli/slurm_place.h"

#include <fmt/format.h>
#include <unistd.h>

#include "cli/output.h"

namespace slipway::cli {

namespace {

std::string tag(const boost::json::value& cluster, std::string_view key) {
  for (const auto& tag : items_at(cluster, "/tags")) {
    if (text_at(tag, "/key") == key) return text_at(tag, "/value");
  }
  return "";
}

base::Error belongs_to_other(const std::string& name, const std::string& account) {
  base::Error error;
  error.kind = base::ErrorKind::forbidden;
  error.message = fmt::format(
      "Cluster '{}' runs as {}, and only that account may use it: run this as that account, or "
      "as root.",
      name, account.empty() ? "another account" : "account '" + account + "'");
  return error;
}

}  // namespace

std::map<std::string, std::string> SlurmPlace::variables() const {
  std::map<std::string, std::string> variables{{"SLURM_CONF", conf}};
  if (must_become(account)) {
    variables["HOME"] = account.home;
    variables["USER"] = account.name;
    variables["LOGNAME"] = account.name;
  }
  return variables;
}

base::Result<SlurmPlace> slurm_place(const boost::json::value& cluster) {
  auto name = text_at(cluster, "/clusterName");
  SlurmPlace place{
      .conf = tag(cluster, "slipway:slurm-conf"), .directory = tag(cluster, "slipway:directory"), .account = {}};
  if (place.conf.empty()) {
    return base::invalid(
        fmt::format("Cluster '{}' is not on this machine: it is in region '{}' and has no tag "
                    "slipway:slurm-conf. Log in to its head node instead.",
                    name, text_at(cluster, "/region")));
  }
  auto owner = owner_of(place.conf);
  if (!owner && owner.error().kind == base::ErrorKind::forbidden) return belongs_to_other(name, "");
  if (!owner) {
    return base::invalid(
        fmt::format("Cluster '{}' is not on this machine, or not ready yet: {}", name, owner.error().message));
  }
  place.account = *std::move(owner);
  if (::geteuid() != 0 && ::geteuid() != place.account.uid) return belongs_to_other(name, place.account.name);
  return place;
}

}  // namespace slipway::cli
