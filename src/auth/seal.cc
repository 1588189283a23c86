#include "auth/seal.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <memory>
#include <stdexcept>

#include "auth/private_file.h"
#include "base/ids.h"
#include "base/text.h"

namespace slipway::auth {

namespace {

constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;

struct CipherDeleter {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, CipherDeleter>;

// These calls fail only where memory is out or the library is broken.
void must(int result) {
  if (result != 1) throw std::runtime_error("OpenSSL's AES-256-GCM failed");
}

unsigned char* bytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}
const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string random_bytes(std::size_t count) {
  std::string random(count, '\0');
  must(RAND_bytes(bytes(random), static_cast<int>(count)));
  return random;
}

Cipher start(const base::Secret& key, std::string_view nonce, std::string_view owner, int encrypt) {
  Cipher cipher(EVP_CIPHER_CTX_new());
  must(cipher != nullptr);
  must(EVP_CipherInit_ex2(cipher.get(), EVP_aes_256_gcm(), bytes(std::string_view(key.reveal())), bytes(nonce), encrypt,
                          nullptr));
  int size = 0;
  must(EVP_CipherUpdate(cipher.get(), nullptr, &size, bytes(owner), static_cast<int>(owner.size())));
  return cipher;
}

// Empty where a digit is not one.
std::string from_hex(std::string_view hex) {
  const auto value = [](char c) { return std::string_view("0123456789abcdef").find(c); };
  std::string raw;
  if (hex.size() % 2 != 0) return raw;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const auto high = value(hex[i]);
    const auto low = value(hex[i + 1]);
    if (high > 15 || low > 15) return {};
    raw.push_back(static_cast<char>(high * 16 + low));
  }
  return raw;
}

}  // namespace

base::Result<Seal> Seal::load(const std::filesystem::path& path) {
  base::Secret key(TRY(read_private_file(path, 4096)));
  if (key.reveal().size() != kKeyBytes) {
    return base::invalid(fmt::format("the key file {} must have exactly {} bytes and has {}: put the right one back",
                                     path.string(), kKeyBytes, key.reveal().size()));
  }
  return Seal(std::move(key));
}

base::Result<Seal> Seal::load_or_create(const std::filesystem::path& path) {
  auto loaded = load(path);
  if (loaded || loaded.error().kind != base::ErrorKind::not_found) return loaded;
  const base::Secret key(random_bytes(kKeyBytes));
  const auto created = create_private_file(path, key.reveal());
  if (!created && created.error().kind != base::ErrorKind::conflict) return created.error();
  return load(path);
}

std::string Seal::seal(const base::Secret& secret, std::string_view owner) const {
  const std::string& text = secret.reveal();
  std::string sealed = random_bytes(kNonceBytes);
  const auto cipher = start(key_, sealed, owner, 1);
  sealed.resize(kNonceBytes + text.size() + kTagBytes);
  int size = 0;
  must(EVP_CipherUpdate(cipher.get(), bytes(sealed) + kNonceBytes, &size, bytes(text), static_cast<int>(text.size())));
  must(EVP_CipherFinal_ex(cipher.get(), bytes(sealed) + kNonceBytes + size, &size));
  must(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, bytes(sealed) + kNonceBytes + text.size()));
  return base::to_hex(sealed);
}

base::Result<base::Secret> Seal::open(std::string_view sealed, std::string_view owner) const {
  auto raw = from_hex(sealed);
  if (raw.size() < kNonceBytes + kTagBytes) return base::invalid("a sealed secret is damaged");
  const auto length = raw.size() - kNonceBytes - kTagBytes;
  const auto cipher = start(key_, std::string_view(raw).substr(0, kNonceBytes), owner, 0);
  std::string text(length, '\0');
  int size = 0;
  must(EVP_CipherUpdate(cipher.get(), bytes(text), &size, bytes(raw) + kNonceBytes, static_cast<int>(length)));
  base::Secret secret(std::move(text));
  must(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, bytes(raw) + kNonceBytes + length));
  unsigned char nothing;
  if (EVP_CipherFinal_ex(cipher.get(), &nothing, &size) != 1) {
    return base::invalid("a sealed secret does not open: it was sealed with another key, or changed");
  }
  return secret;
}

Seal Seal::derived(std::string_view purpose) const {
  return Seal(base::Secret(from_hex(derive(purpose).reveal())));
}

base::Secret Seal::derive(std::string_view purpose) const {
  return base::Secret(base::hmac_sha256_hex(key_, purpose));
}

}  // namespace slipway::auth
