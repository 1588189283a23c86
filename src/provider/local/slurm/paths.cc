#include "provider/local/slurm/paths.h"

#include <algorithm>

namespace slipway::provider::local::slurm {

Paths Paths::of(const LocalSettings& settings, const base::EnvironmentId& id) {
  const auto& text = id.str();
  return of_key(settings, std::string_view(text).substr(text.size() - std::min(text.size(), kKeyDigits)));
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

bool is_key(std::string_view name) {
  return name.size() == kKeyDigits &&
         std::ranges::all_of(name, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace slipway::provider::local::slurm
