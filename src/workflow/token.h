#pragma once
// Tokens that make a repeated call the same call: derived, never stored first, so that they are the same after kill -9
// and after a restore from a backup (automation-documents.md, 2.8).

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"

namespace slipway::workflow {

// SHA-256 over (installation, execution, step path, visit, generation), shaped as a UUID of version 8 that begins with
// a letter: 36 characters, lower case.
std::string effect_token(std::string_view installation_id, const base::ExecutionId& execution,
                         std::string_view step_path, int visit, int generation);

// The id of the child that an effect of this token starts: shaped as a UUID of version 7 that sorts by `entered_at`,
// the time of step entry.
std::string child_id(std::string_view token, base::Time entered_at);

// A number in [0, 1) that depends on `token` and `attempt` alone: the jitter of a retry.
double jitter(std::string_view token, int attempt);

}  // namespace slipway::workflow
