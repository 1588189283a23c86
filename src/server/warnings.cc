#include "server/warnings.h"

#include <tuple>

#include "observe/log.h"

namespace slipway::server {

void warn_of_dangerous_settings(const Settings& settings, bool two_accounts) {
  for (const auto& listener : settings.http.listeners) {
    if (listener.address.starts_with("127.") || listener.address == "::1") continue;
    observe::warning("listening on an address that is not loopback: everyone on that network may try to sign requests",
                     {{"address", listener.address}});
  }
  if (settings.sigv4.window > auth::Sigv4Settings{}.window) {
    observe::warning("auth.signature_window is longer than the default: a request that somebody recorded works longer",
                     {{"seconds", settings.sigv4.window.count()}});
  }
  if (settings.scripts.enabled) {
    observe::warning("scripts.enabled: documents run Python on this machine, each script in a sandbox");
  }
  const provider::local::LocalSettings programs;
  for (const auto& [setting, folder, usual] :
       {std::tuple("local.daemons_dir", settings.local.daemons_dir, programs.daemons_dir),
        std::tuple("local.commands_dir", settings.local.commands_dir, programs.commands_dir)}) {
    if (folder == usual) continue;
    observe::warning("whoever can write to that folder decides what clusters execute",
                     {{"setting", setting}, {"folder", folder.native()}});
  }
  if (!two_accounts) {
    observe::info("broker and jobs share one account: a job can read the data folder; started as root they do not");
  }
}

}  // namespace slipway::server
