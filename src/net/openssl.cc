#include "net/openssl.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>

namespace slipway::net {

void OpensslFree::operator()(bio_st* object) const {
  BIO_free_all(object);
}
void OpensslFree::operator()(evp_pkey_st* object) const {
  EVP_PKEY_free(object);
}
void OpensslFree::operator()(ssl_ctx_st* object) const {
  SSL_CTX_free(object);
}
void OpensslFree::operator()(ssl_st* object) const {
  SSL_free(object);
}
void OpensslFree::operator()(x509_st* object) const {
  X509_free(object);
}

base::Error openssl_error(std::string_view what) {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  ERR_clear_error();
  return base::internal(fmt::format("{}: {}", what, text.data()));
}

BioPtr memory_bio(std::string_view text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

}  // namespace slipway::net
