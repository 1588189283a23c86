#include "provider/local/slurm/paths.h"

namespace slipway::provider::local::slurm {

Paths Paths::of(const LocalSettings& settings, const base::EnvironmentId& id) {
  return of_key(settings, key_of(id));
}

Paths Paths::of_key(const LocalSettings& settings, std::string_view key) {
  return {.directory = settings.environments_dir / key, .sockets = settings.short_dir / ("sw-" + std::string(key))};
}

fs::path Paths::node_conf(std::string_view node) const {
  return directory / "etc/node" / (std::string(node) + ".conf");
}

fs::path Paths::output(std::string_view daemon) const {
  return daemon == kMunged ? directory / "log/munged.log" : process(daemon) / "log";
}

std::vector<std::pair<std::string, std::string>> Paths::tags() const {
  return {{"slipway:slurm-conf", slurm_conf().native()}, {"slipway:directory", directory.native()}};
}

}  // namespace slipway::provider::local::slurm
