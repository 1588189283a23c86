#pragma once
// Hands a request on to a program of this machine and its answer back, both as they come; a WebSocket from its
// handshake on as bytes. Ends where `leave` does. Used by the surface, which has decided that the request may pass.

#include <chrono>
#include <functional>
#include <memory>

#include "base/ids.h"
#include "broker/provider.h"
#include "http/message.h"
#include "net/deadline.h"
#include "net/runtime.h"

namespace slipway::surface::connect {

// For how long what the answer opened may stay open.
struct Leave {
  net::Deadline until;
  // Calls what it is given once the environment is not there any more; kept while that matters.
  std::function<std::shared_ptr<void>(std::function<void()> on_end)> watch;
};

// An answer that begins before the program has the whole body is handed on as it comes. Beside it, and behind its end,
// the rest of the body goes on to the program (a task in Request::beside), for as long as that takes it; the answer
// breaks off where the body does. With a refusal (300 and more) the rest of the body stays with the client.
// Errors: unavailable with code ConnectionRefused where nothing listens, ConnectionFailed; internal with code BadAnswer
// or AnswerTooLarge; timed_out where the program takes nothing of the request, or begins no answer after it, for
// kPatience; those of the client's body. Cancellation unwinds.
inline constexpr std::chrono::minutes kPatience{5};
net::Task<http::Response> hand_on(net::Runtime& runtime, http::Request& request, base::EnvironmentId environment,
                                  broker::Endpoint endpoint, Leave leave);

}  // namespace slipway::surface::connect
