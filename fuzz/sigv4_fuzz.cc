// Parsing and verifying of any request: input is a request as it stands on the wire (request line, headers, blank line,
// body). Holds: no crash; what is accepted stays accepted and was signed by the one key there is.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.h"
#include "sigv4/credential.h"
#include "sigv4/verifier.h"

using namespace slipway;

namespace {

struct Message {
  std::string_view method, target, body;
  sigv4::Headers headers;
};

Message parse(std::string_view text) {
  Message message;
  const auto end = text.find("\n\n");
  if (end != text.npos) message.body = text.substr(end + 2);
  bool first = true;
  for (const auto line : base::split(text.substr(0, end), '\n')) {
    const auto at = line.find(first ? ' ' : ':');
    const auto left = line.substr(0, at);
    const auto right = at == line.npos ? std::string_view() : line.substr(at + 1);
    if (first) {
      message.method = left;
      message.target = right;
    } else {
      message.headers.emplace_back(left, right);
    }
    first = false;
  }
  return message;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const base::Secret secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
  static const auto now = sigv4::parse_time("20150830T123600Z").value();
  const auto message = parse({reinterpret_cast<const char*>(data), size});
  const sigv4::Request request{
      .method = message.method, .target = message.target, .headers = message.headers, .body = message.body};
  for (const auto& rules : {sigv4::Rules{}, sigv4::kS3Rules}) {
    sigv4::Verifier verifier({.service = "service", .region = {}, .rules = rules});
    const auto claim = verifier.parse(request);
    if (!claim) continue;
    const bool accepted = verifier.check(*claim, secret, now).has_value();
    if (accepted != verifier.check(*claim, secret, now).has_value()) std::abort();
    if (accepted && verifier.check(*claim, base::Secret("another"), now)) std::abort();
    if (sigv4::mismatch_explanation(verifier, request).empty()) std::abort();
  }
  return 0;
}
