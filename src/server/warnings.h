#pragma once
// What SECURITY.md calls dangerous, said again at start in the same words.

#include "server/settings.h"

namespace slipway::server {

void warn_of_dangerous_settings(const Settings& settings, bool two_accounts);

}  // namespace slipway::server
