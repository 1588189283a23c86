#pragma once
// An environment and its stored row, one into the other. Used by the files here that read and write; nobody else's.

#include "broker/environment.h"
#include "storage/environments.h"

namespace slipway::broker {

// Throws where the row holds what no version of this program wrote: its columns are ours alone.
Environment from_row(storage::EnvironmentRow row);
// `version` of the row is 0: for a row that is new.
storage::EnvironmentRow to_row(const Environment& environment);

}  // namespace slipway::broker
