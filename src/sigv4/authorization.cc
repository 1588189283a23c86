#include "sigv4/authorization.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "base/text.h"
#include "sigv4/canonical.h"
#include "sigv4/verifier.h"

namespace slipway::sigv4 {

namespace {

constexpr std::size_t kAuthorizationBytes = 4096;
constexpr std::size_t kHeaders = 256;
constexpr std::size_t kQueryPairs = 256;

base::Error incomplete(std::string message) {
  return refusal(kIncompleteSignature, std::move(message));
}

// Where a field's value goes, and whether it was there.
struct Field {
  std::string_view name;
  std::string* value;
  bool seen = false;
};

struct Places {
  const std::string* header = nullptr;  // Authorization
  const std::string* date = nullptr;    // x-amz-date
  bool has_session_token = false;
};

base::Result<Places> scan_headers(const Headers& headers) {
  if (headers.size() > kHeaders) return incomplete(fmt::format("A request may carry {} headers.", kHeaders));
  Places places;
  for (const auto& [name, value] : headers) {
    if (same_name(name, "authorization")) {
      if (places.header) return incomplete("The request has two Authorization headers.");
      places.header = &value;
    } else if (same_name(name, "x-amz-date")) {
      if (places.date) return incomplete("The request has two X-Amz-Date headers.");
      places.date = &value;
    } else if (same_name(name, "x-amz-security-token")) {
      places.has_session_token = true;
    }
  }
  return places;
}

// Gives each field of `fields` its decoded value. Other parameters are passed over.
base::Result<void> read_query(std::string_view query, std::span<Field> fields) {
  std::size_t pairs = 0;
  std::string_view wrong;
  std::string decoded;
  for_each_pair(query, [&](std::string_view raw_name, std::string_view raw_value) {
    ++pairs;
    const bool encoded = raw_name.find('%') != std::string_view::npos;
    if (!encoded && !raw_name.starts_with("X-Amz-")) return;
    if (encoded && !base::percent_decode(raw_name, decoded)) return;
    for (auto& field : fields) {
      if (field.name != (encoded ? std::string_view(decoded) : raw_name)) continue;
      if (std::exchange(field.seen, true) || !base::percent_decode(raw_value, *field.value)) wrong = field.name;
    }
  });
  if (pairs > kQueryPairs) return incomplete(fmt::format("A query may carry {} parameters.", kQueryPairs));
  if (!wrong.empty()) return incomplete(fmt::format("The parameter {} is malformed or given twice.", wrong));
  return {};
}

base::Result<void> require(std::span<const Field> fields, std::string_view where) {
  for (const auto& field : fields) {
    if (!field.seen || field.value->empty()) return incomplete(fmt::format("{} requires '{}'.", where, field.name));
  }
  return {};
}

// "AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=..."; fields in any order, blanks after commas.
base::Result<Authorization> from_header(std::string_view header, const Places& places) {
  if (header.size() > kAuthorizationBytes) {
    return incomplete(fmt::format("The Authorization header may have {} bytes.", kAuthorizationBytes));
  }
  header = base::trim(header);
  const auto blank = std::min(header.find(' '), header.size());
  if (header.substr(0, blank) != kAlgorithm) {
    return incomplete(fmt::format("The Authorization header must start with the algorithm {}.", kAlgorithm));
  }
  Authorization result;
  std::array<Field, 3> fields = {{{"Credential", &result.credential},
                                  {"SignedHeaders", &result.signed_headers},
                                  {"Signature", &result.signature}}};
  for (const auto piece : base::split(header.substr(blank), ',')) {
    const auto text = base::trim(piece);
    const auto equals = std::min(text.find('='), text.size());
    bool known = false;
    for (auto& field : fields) {
      if (field.name != text.substr(0, equals) || std::exchange(field.seen, true)) continue;
      *field.value = text.substr(std::min(equals + 1, text.size()));
      known = true;
    }
    if (!known) {
      return incomplete("The Authorization header must be a list of Credential, SignedHeaders and Signature.");
    }
  }
  TRY(require(fields, "Authorization header"));
  if (!places.date) return incomplete("Authorization header requires existence of a 'X-Amz-Date' header.");
  result.time = *places.date;
  result.has_session_token = places.has_session_token;
  return result;
}

}  // namespace

base::Error refusal(std::string_view code, std::string message) {
  base::Error error;
  error.kind = base::ErrorKind::unauthenticated;
  error.message = std::move(message);
  error.code = code;
  return error;
}

base::Result<Authorization> find_authorization(const Request& request) {
  if (!request.target.starts_with('/')) return incomplete("The request target must start with '/'.");
  const auto places = TRY(scan_headers(request.headers));

  Authorization result;
  std::string algorithm;
  std::string token;
  std::array<Field, 7> fields = {{{"X-Amz-Algorithm", &algorithm},
                                  {"X-Amz-Credential", &result.credential},
                                  {"X-Amz-Signature", &result.signature},
                                  {"X-Amz-Date", &result.time},
                                  {"X-Amz-Expires", &result.expires},
                                  {"X-Amz-SignedHeaders", &result.signed_headers},
                                  {"X-Amz-Security-Token", &token}}};
  TRY(read_query(split_target(request.target).query, fields));
  // Any of the first three says that the query means to authenticate.
  const bool in_query = fields[0].seen || fields[1].seen || fields[2].seen;
  if (in_query && places.header) {
    return incomplete("The request is signed in its Authorization header and in its query; only one is allowed.");
  }
  if (places.header) return from_header(*places.header, places);
  if (!in_query) return refusal(kMissingAuthenticationToken, "Missing Authentication Token");

  result.has_session_token = fields.back().seen || places.has_session_token;
  TRY(require(std::span(fields).first(6), "A presigned request"));
  if (algorithm != kAlgorithm) return incomplete(fmt::format("X-Amz-Algorithm must be {}.", kAlgorithm));
  result.presigned = true;
  return result;
}

}  // namespace slipway::sigv4
