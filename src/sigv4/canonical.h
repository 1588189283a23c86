#pragma once
// The canonical form of a request: what is signed. Every rule of shared/contracts/aws-wire.md 3.2 lives here and
// nowhere else; signer and verifier share it. Pure functions that append to a text.

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "sigv4/request.h"

namespace slipway::sigv4 {

struct TargetParts {
  std::string_view path;   // "/" where empty
  std::string_view query;  // without '?'
};
TargetParts split_target(std::string_view target);

// Header names: case does not count (ASCII).
bool same_name(std::string_view left, std::string_view right);
bool name_starts_with(std::string_view name, std::string_view prefix);

// Calls `visit(name, value)` for each pair of a query as sent (still encoded); empty pieces are passed over.
template <class Visit>
void for_each_pair(std::string_view query, Visit visit) {
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto piece = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (piece.empty()) continue;
    const auto equals = std::min(piece.find('='), piece.size());
    visit(piece.substr(0, equals), piece.substr(std::min(equals + 1, piece.size())));
  }
}

// True where normalising would change nothing: no empty, "." or ".." segment.
bool is_normalised(std::string_view path);

void append_canonical_path(std::string& out, std::string_view path, const Rules& rules);

// Pairs decoded, encoded again and sorted; X-Amz-Signature, which cannot sign itself, is left out. '+' is a plus, never
// a space. False where a percent-escape is malformed.
bool append_canonical_query(std::string& out, std::string_view query);

// "name:value\n" for each of `names` (lower case, sorted), values trimmed and squeezed, repeated headers joined by ','
// in the order of arrival. Gives the first name that no header has, or an empty view.
std::string_view append_canonical_headers(std::string& out, const std::vector<std::string_view>& names,
                                          const Headers& headers);

// The names joined by ';'.
void append_names(std::string& out, const std::vector<std::string_view>& names);

// Everything of the canonical request before the payload hash.
struct CanonicalHead {
  std::string text;
  bool malformed_query = false;  // a percent-escape is not one
  std::string missing_header;    // the first signed name that the request does not have
};
CanonicalHead canonical_head(std::string_view method, TargetParts target, const Headers& headers,
                             const std::vector<std::string_view>& signed_names, const Rules& rules);

// The text that is signed: algorithm, time (YYYYMMDDThhmmssZ), scope (date/region/service/aws4_request), hash.
std::string string_to_sign(std::string_view time, std::string_view scope, std::string_view canonical_request);

}  // namespace slipway::sigv4
