#include "server/settings.h"

#include "base/ids.h"
#include "server/privileges.h"

namespace slipway::server {

namespace {

// As an ordinary user, inside the data folder. As root the environments' account must reach its folders without
// reaching the data folder: one folder for each data folder, in that account's home.
std::filesystem::path default_environments_dir(const std::filesystem::path& data_dir) {
  const auto account = environments_account();
  if (!account) return data_dir / "environments";
  return std::filesystem::path(account->home) / base::sha256_hex(data_dir.string()).substr(0, 8);
}

}  // namespace

std::filesystem::path default_types_dir(const std::filesystem::path& program) {
  const auto folder = program.parent_path();
  const auto installed = folder.parent_path() / "share/slipway/types";
  std::error_code error;
  if (std::filesystem::is_directory(installed, error)) return installed;
  return folder.parent_path().parent_path() / "types";
}

Settings read_settings(config::Reader& reader, const std::filesystem::path& data_dir) {
  Settings settings;
  settings.data_dir = data_dir;
  settings.key_file = data_dir / "sealing.key";
  std::error_code error;
  settings.types_dir = default_types_dir(std::filesystem::read_symlink("/proc/self/exe", error));
  settings.local.environments_dir = default_environments_dir(data_dir);

  auto root = reader.root();
  root.read("key_file", settings.key_file);
  root.read("types_dir", settings.types_dir);
  root.read("more_types", settings.more_types);
  root.read("instance_types", settings.instance_types);
  root.read("default_region", settings.default_region);
  http::read_settings(root, settings.http);

  auto log = root.section("log");
  log.read("directory", settings.log.directory);
  log.read("keep_days", settings.log.keep_days, 1, 3650);
  constexpr std::string_view kLevels[] = {"debug", "info", "warning", "error"};
  int level = static_cast<int>(settings.log.level);
  log.read_choice("level", level, kLevels);
  settings.log.level = static_cast<observe::Level>(level);

  auto auth = root.section("auth");
  std::chrono::milliseconds window = settings.sigv4.window;
  auth.read("signature_window", window, std::chrono::seconds(1), std::chrono::minutes(15));
  settings.sigv4.window = std::chrono::ceil<std::chrono::seconds>(window);

  auto executions = root.section("executions");
  executions.read("running", settings.engine.running, 1, 10'000);
  executions.read("queued", settings.engine.queued, 1, 1'000'000);

  root.section("lifetimes").read("look", settings.lifetimes.look, std::chrono::seconds(1), std::chrono::minutes(5));
  workflow::read_settings(root.section("scripts"), settings.scripts);
  provider::local::read_settings(root.section("local"), settings.local);
  return settings;
}

}  // namespace slipway::server
