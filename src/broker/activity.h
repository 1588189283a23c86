#pragma once
// Whether an environment is in use, as a provider tells it. Used by the watch over idleness.

#include <optional>

#include "base/clock.h"

namespace slipway::broker {

// What a provider, or another source that a type names, tells about an environment's use.
struct Activity {
  bool known = false;                // false: nothing is concluded
  bool busy = false;                 // in use now
  std::optional<base::Time> last{};  // when it was last in use, where the source tells
};

}  // namespace slipway::broker
