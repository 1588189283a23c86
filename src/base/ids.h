#pragma once
// Ids of the domain and where they come from.

#include "base/named_type.h"

namespace slipway::base {

class Secret;

using EnvironmentId = NamedString<struct EnvironmentIdTag>;  // env-<uuid>
using ExecutionId = NamedString<struct ExecutionIdTag>;      // uuid, 36 characters, lower case

// A UUIDv7 of the given Unix time: sorts by time, so rows and pages come in the order of creation.
std::string new_uuid(long long unix_milliseconds);
// `bytes` random bytes from the system's generator, as lower-case hex.
std::string random_hex(std::size_t bytes);
// SHA-256 of `data` as 64 lower-case hex digits.
std::string sha256_hex(std::string_view data);
// HMAC-SHA256 as 64 lower-case hex digits: a seal that only the holder of `key` can make.
std::string hmac_sha256_hex(const Secret& key, std::string_view data);
// Compares seals: how long it takes tells nothing of where they differ.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace slipway::base
