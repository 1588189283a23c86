#pragma once
// Whether an environment is in use, as a provider or its own endpoint tells it. Used by the watch over idleness.

#include <boost/json/value.hpp>
#include <optional>

#include "base/clock.h"

namespace slipway::broker {

// What a provider, or another source that a type names, tells about an environment's use.
struct Activity {
  bool known = false;                // false: nothing is concluded
  bool busy = false;                 // in use now
  std::optional<base::Time> last{};  // when it was last in use, where the source tells
};

struct HttpQuestion;  // broker/environment_type.h

// What the endpoint's answer to the question tells. Unknown where what the question selects is not there, or no time.
Activity told_by(const HttpQuestion& question, const boost::json::value& answer);
// What two answers tell together: busy where one of them is, whatever the other would have told; else unknown where one
// of them is.
Activity together(const Activity& a, const Activity& b);

}  // namespace slipway::broker
