#include "server/warnings.h"

namespace slipway::server {

void warn_of_dangerous_settings(const Settings& settings, bool two_accounts) {
  for (const auto& listener : settings.http.listeners) {
    if (listener.address.starts_with("127.") || listener.address == "::1") continue;
    observe::warning("listening on an address that is not loopback: everyone on that network may try to sign requests",
                     {{"address", listener.address}});
  }
  if (!two_accounts) {
    observe::info("broker and jobs share one account: a job can read the data folder; started as root they do not");
  }
}

}  // namespace slipway::server
