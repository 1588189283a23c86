#pragma once
// Owners of OpenSSL's objects and its error as ours. Only for .cc files of net.

#include <memory>
#include <string_view>

#include "base/error.h"

struct bio_st;
struct evp_pkey_st;
struct ssl_ctx_st;
struct ssl_st;
struct x509_st;

namespace slipway::net {

struct OpensslFree {
  void operator()(bio_st* object) const;
  void operator()(evp_pkey_st* object) const;
  void operator()(ssl_ctx_st* object) const;
  void operator()(ssl_st* object) const;
  void operator()(x509_st* object) const;
};

using BioPtr = std::unique_ptr<bio_st, OpensslFree>;
using EvpKeyPtr = std::unique_ptr<evp_pkey_st, OpensslFree>;
using SslContextPtr = std::unique_ptr<ssl_ctx_st, OpensslFree>;
using SslPtr = std::unique_ptr<ssl_st, OpensslFree>;
using X509Ptr = std::unique_ptr<x509_st, OpensslFree>;

// Kind internal; takes OpenSSL's oldest error of this thread and clears the rest.
base::Error openssl_error(std::string_view what);
// A reader of `text`, which outlives it.
BioPtr memory_bio(std::string_view text);

}  // namespace slipway::net
