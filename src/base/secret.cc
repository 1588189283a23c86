#include "base/secret.h"

#include <openssl/crypto.h>

#include <utility>

namespace slipway::base {

Secret::Secret(Secret&& other) noexcept : value_(other.value_) {
  OPENSSL_cleanse(other.value_.data(), other.value_.size());
  other.value_.clear();
}

Secret& Secret::operator=(Secret other) noexcept {
  std::swap(value_, other.value_);
  return *this;
}

Secret::~Secret() {
  OPENSSL_cleanse(value_.data(), value_.size());
}

}  // namespace slipway::base
