#pragma once
// SHA-256, and the derived signing key with its HMAC state prepared, so that one signature costs two short hashes.
// The fastest form OpenSSL 3 has: algorithm fetched once, contexts kept per thread. Knows no request.

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "base/secret.h"

namespace slipway::sigv4 {

using Digest = std::array<unsigned char, 32>;

Digest sha256(std::string_view data);
// Appends 64 lower-case hex digits.
void append_hex(std::string& out, const Digest& digest);

// An HMAC-SHA256 key. Moving is cheap; one instance may be used by several threads at once. Wiped when it dies.
class HmacKey {
 public:
  explicit HmacKey(std::string_view key);
  HmacKey(HmacKey&&) noexcept;
  HmacKey& operator=(HmacKey&&) noexcept;
  ~HmacKey();
  Digest sign(std::string_view text) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The key of one day (YYYYMMDD), region and service.
HmacKey signing_key(const base::Secret& secret, std::string_view date, std::string_view region,
                    std::string_view service);

}  // namespace slipway::sigv4
