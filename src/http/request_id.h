#pragma once
// The id of a request, as its answer, its log lines and its audit record say it.

#include <string>

#include "base/clock.h"

namespace slipway::http {

// A UUIDv7 of `now`. Unlike base::new_uuid, its random part can be guessed by who has seen others, and costs a tenth:
// it names, it protects nothing. From any thread.
std::string new_request_id(base::Time now);

}  // namespace slipway::http
