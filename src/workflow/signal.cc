#include "workflow/signal.h"

#include <algorithm>
#include <utility>

namespace slipway::workflow {

namespace {

constexpr std::pair<Signal::Kind, std::string_view> kSignals[] = {
    {Signal::Kind::approve, "approve"}, {Signal::Kind::reject, "reject"}, {Signal::Kind::resume, "resume"},
    {Signal::Kind::retry, "retry"},     {Signal::Kind::skip, "skip"},     {Signal::Kind::adopt, "adopt"},
    {Signal::Kind::fail, "fail"},
};

}  // namespace

std::string_view to_string(Signal::Kind kind) {
  return std::ranges::find(kSignals, kind, &std::pair<Signal::Kind, std::string_view>::first)->second;
}

}  // namespace slipway::workflow
