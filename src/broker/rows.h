#pragma once
// An environment and its stored row, one into the other. Used by the files here that read and write, and by `slipway
// verify`.

#include "broker/environment.h"
#include "storage/environments.h"
#include "storage/sealing.h"

namespace slipway::broker {

// Errors: internal, columns that were sealed with another key. Throws where the row holds what no version of this
// program wrote: its columns are ours alone.
base::Result<Environment> from_row(storage::EnvironmentRow row, const storage::Sealing& sealing);
// `version` of the row is 0: for a row that is new.
storage::EnvironmentRow to_row(const Environment& environment, const storage::Sealing& sealing);

// The environment of this id, or that this name means: the one that lives, else the newest that had it; empty where
// none ever had. Errors: conflict where several live.
base::Result<std::optional<base::EnvironmentId>> environment_meant(storage::Connection& connection,
                                                                   const std::string& name_or_id);

}  // namespace slipway::broker
