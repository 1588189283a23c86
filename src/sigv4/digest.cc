#include "sigv4/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <new>

namespace slipway::sigv4 {

namespace {

struct ContextDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }  // wipes the hash state
};
using Context = std::unique_ptr<EVP_MD_CTX, ContextDeleter>;

// These calls fail only where memory is out or the library is broken.
void must(int result) {
  if (result != 1) throw std::bad_alloc();
}

Context new_context() {
  Context context(EVP_MD_CTX_new());
  must(context != nullptr);
  return context;
}

const EVP_MD* algorithm() {
  static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  must(fetched != nullptr);
  return fetched;
}

EVP_MD_CTX* thread_context() {
  thread_local const Context context = new_context();
  return context.get();
}

Digest finish(EVP_MD_CTX* context, std::string_view data) {
  Digest digest;
  unsigned int size = 0;
  must(EVP_DigestUpdate(context, data.data(), data.size()));
  must(EVP_DigestFinal_ex(context, digest.data(), &size));
  return digest;
}

std::string_view text(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

constexpr std::size_t kBlockBytes = 64;

}  // namespace

Digest sha256(std::string_view data) {
  EVP_MD_CTX* context = thread_context();
  must(EVP_DigestInit_ex2(context, algorithm(), nullptr));
  return finish(context, data);
}

void append_hex(std::string& out, const Digest& digest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<char, 64> hex;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    hex[2 * i] = kDigits[digest[i] >> 4];
    hex[2 * i + 1] = kDigits[digest[i] & 15];
  }
  out.append(hex.data(), hex.size());
}

// The two hashes of RFC 2104 after their first block, which depends on the key alone.
struct HmacKey::State {
  Context inner = new_context();
  Context outer = new_context();
};

HmacKey::HmacKey(std::string_view key) : state_(std::make_unique<State>()) {
  Digest short_key;
  if (key.size() > kBlockBytes) {
    short_key = sha256(key);
    key = text(short_key);
  }
  const auto start = [key](EVP_MD_CTX* context, unsigned char pad) {
    std::array<unsigned char, kBlockBytes> block;
    block.fill(pad);
    for (std::size_t i = 0; i < key.size(); ++i) block[i] ^= static_cast<unsigned char>(key[i]);
    must(EVP_DigestInit_ex2(context, algorithm(), nullptr));
    must(EVP_DigestUpdate(context, block.data(), block.size()));
    OPENSSL_cleanse(block.data(), block.size());
  };
  start(state_->inner.get(), 0x36);
  start(state_->outer.get(), 0x5c);
  OPENSSL_cleanse(short_key.data(), short_key.size());
}

HmacKey::HmacKey(HmacKey&&) noexcept = default;
HmacKey& HmacKey::operator=(HmacKey&&) noexcept = default;
HmacKey::~HmacKey() = default;

Digest HmacKey::sign(std::string_view data) const {
  EVP_MD_CTX* context = thread_context();
  must(EVP_MD_CTX_copy_ex(context, state_->inner.get()));
  const Digest inner = finish(context, data);
  must(EVP_MD_CTX_copy_ex(context, state_->outer.get()));
  return finish(context, text(inner));
}

HmacKey signing_key(const base::Secret& secret, std::string_view date, std::string_view region,
                    std::string_view service) {
  const base::Secret root("AWS4" + secret.reveal());
  Digest key = HmacKey(root.reveal()).sign(date);
  key = HmacKey(text(key)).sign(region);
  key = HmacKey(text(key)).sign(service);
  key = HmacKey(text(key)).sign("aws4_request");
  HmacKey result(text(key));
  OPENSSL_cleanse(key.data(), key.size());
  return result;
}

}  // namespace slipway::sigv4
