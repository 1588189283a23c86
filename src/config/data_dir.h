#pragma once
// Where a broker keeps its data when nobody says otherwise. The server and every client use this one rule, so that
// `slipway cluster list` finds the broker that `slipway serve` started.

#include <filesystem>

namespace slipway::config {

// $SLIPWAY_DATA_DIR; else for root /var/lib/slipway, which the broker's own account can reach; else
// $XDG_STATE_HOME/slipway; else ~/.local/state/slipway. Reads the environment; the folder need not exist.
std::filesystem::path default_data_dir();

}  // namespace slipway::config
