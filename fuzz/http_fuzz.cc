// Bytes of a connection through the request parser (and with it through the target's), whole and in pieces: both must
// see the same complete requests (a refusal may come earlier in one of them), and what comes out must keep what it
// promises.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "http/request_parser.h"

namespace {
using namespace slipway;
using State = http::RequestParser::State;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const http::Request& request, bool streams) {
  require(!request.method.empty());
  require(request.path == "*" || request.path.starts_with('/'));
  require(base::is_utf8(request.path));
  require(std::ranges::none_of(request.path, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }));
  for (const auto& [name, value] : request.query) require(base::is_utf8(name) && base::is_utf8(value));
  for (const auto& [name, value] : request.headers) {
    require(!name.empty() && value.find_first_of("\r\n") == std::string::npos);
  }
  require(streams || request.body.size() <= 64);
}

// The complete requests as one text each; a refusal ends the connection.
std::vector<std::string> requests(std::string_view bytes, std::size_t piece) {
  http::RequestParser parser({.header_bytes = 256, .body_bytes = 64, .hands_on = [](std::string_view path) {
                                return path.starts_with("/away/");
                              }});
  std::vector<std::string> seen;
  std::string buffer;
  while (true) {
    const auto taken = parser.put(buffer);
    require(taken <= buffer.size());
    buffer.erase(0, taken);
    if (parser.state() == State::refused) {
      require(parser.refusal().status >= 400 && parser.refusal().status < 600);
      return seen;
    }
    if (parser.state() == State::complete) {
      check(parser.request(), parser.streams());
      seen.push_back(parser.request().method + " " + parser.request().target + " " + parser.request().body);
      parser.reset();
      continue;
    }
    if (bytes.empty()) return seen;
    buffer += bytes.substr(0, piece);
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto whole = requests(bytes, bytes.size() + 1);
  const auto pieces = requests(bytes, 1 + data[0] % 16);
  require(whole == pieces);
  return 0;
}
