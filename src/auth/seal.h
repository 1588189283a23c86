#pragma once
// Seals secrets for the database with AES-256-GCM under a key file, so that a copy of the database gives nobody a
// secret. It does not protect a machine whose account reads both. Used by the access keys.

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace slipway::auth {

class Seal {
 public:
  static constexpr std::size_t kKeyBytes = 32;

  // The key in `path`: exactly 32 bytes, mode 0600 or stricter. Blocks. Errors: not_found; forbidden (others may read
  // it); invalid (another size).
  static base::Result<Seal> load(const std::filesystem::path& path);
  // The same, after making the file with a random key if it is missing.
  static base::Result<Seal> load_or_create(const std::filesystem::path& path);

  // Lower-case hex of nonce, ciphertext and tag. `owner` is bound in: the text opens under the same owner only.
  std::string seal(const base::Secret& secret, std::string_view owner) const;
  // Errors: invalid (another key, another owner, or the text was changed).
  base::Result<base::Secret> open(std::string_view sealed, std::string_view owner) const;
  // A key of its own for another purpose, the same at every start; it tells nothing about this one.
  Seal derived(std::string_view purpose) const;
  base::Secret derive(std::string_view purpose) const;

 private:
  explicit Seal(base::Secret key) : key_(std::move(key)) {}

  base::Secret key_;
};

}  // namespace slipway::auth
