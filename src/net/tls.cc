#include "net/tls.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstring>
#include <fstream>
#include <sstream>

#include "net/openssl.h"
#include "observe/log.h"

namespace slipway::net {

namespace {
// Never asks a terminal for the password of a key.
int no_password(char*, int, int, void*) {
  return 0;
}

base::Result<std::string> read_file(const std::filesystem::path& path, std::string_view what) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file || !file.good()) {
    auto error = base::from_errno(fmt::format("reading the {} {}", what, path.string()));
    error.kind = base::ErrorKind::invalid;
    return error;
  }
  return text.str();
}

struct Identity {
  std::vector<X509Ptr> chain;  // leaf first
  EvpKeyPtr key;
};

base::Result<Identity> read_identity(const CertificateFiles& files) {
  const auto chain_text = TRY(read_file(files.certificate, "certificate"));
  const auto key_text = TRY(read_file(files.key, "key"));
  Identity identity;
  const auto chain_bio = memory_bio(chain_text);
  while (X509Ptr certificate{PEM_read_bio_X509(chain_bio.get(), nullptr, no_password, nullptr)}) {
    identity.chain.push_back(std::move(certificate));
  }
  ERR_clear_error();
  if (identity.chain.empty()) {
    return base::invalid(fmt::format("there is no PEM certificate in {}", files.certificate.string()));
  }
  const auto key_bio = memory_bio(key_text);
  identity.key.reset(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  if (!identity.key) {
    return base::invalid(fmt::format("there is no PEM key without a password in {}", files.key.string()));
  }
  if (X509_check_private_key(identity.chain.front().get(), identity.key.get()) != 1) {
    ERR_clear_error();
    return base::invalid(fmt::format("the key in {} does not fit the certificate in {}", files.key.string(),
                                     files.certificate.string()));
  }
  return identity;
}

void warn_if_expired(const X509& certificate, const std::filesystem::path& path) {
  if (X509_cmp_current_time(X509_get0_notAfter(&certificate)) > 0) return;
  observe::warning("a certificate has expired: clients will refuse it until it is replaced", {{"file", path.string()}});
}

// HTTP/1.1 is all we speak; a client that names others only may still try.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                    unsigned int in_size, void*) {
  static constexpr std::array<unsigned char, 9> kHttp11{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* selected = nullptr;
  if (SSL_select_next_proto(&selected, out_size, kHttp11.data(), kHttp11.size(), in, in_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

base::Result<SslContextPtr> server_context(const CertificateFiles& files) {
  const auto identity = TRY(read_identity(files));
  SslContextPtr context(SSL_CTX_new(TLS_server_method()));
  if (!context) return openssl_error("making a TLS context");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  static constexpr std::array<unsigned char, 7> kSessions{'s', 'l', 'i', 'p', 'w', 'a', 'y'};
  SSL_CTX_set_session_id_context(context.get(), kSessions.data(), kSessions.size());
  SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, nullptr);
  if (SSL_CTX_use_certificate(context.get(), identity.chain.front().get()) != 1 ||
      SSL_CTX_use_PrivateKey(context.get(), identity.key.get()) != 1) {
    return openssl_error("using the certificate " + files.certificate.string());
  }
  for (std::size_t i = 1; i < identity.chain.size(); ++i)
    SSL_CTX_add1_chain_cert(context.get(), identity.chain[i].get());
  warn_if_expired(*identity.chain.front(), files.certificate);
  return context;
}

using Contexts = std::vector<SslContextPtr>;

// Called by OpenSSL during a handshake of the first context.
int choose_certificate(SSL* ssl, int*, void* argument) {
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (!name) return SSL_TLSEXT_ERR_OK;
  for (const auto& context : *static_cast<const Contexts*>(argument)) {
    if (X509_check_host(SSL_CTX_get0_certificate(context.get()), name, 0, 0, nullptr) != 1) continue;
    SSL_set_SSL_CTX(ssl, context.get());
    break;
  }
  return SSL_TLSEXT_ERR_OK;
}

using Stamp = std::pair<std::filesystem::file_time_type, std::uintmax_t>;

Stamp stamp(const std::filesystem::path& path) {
  std::error_code failure;
  const auto time = std::filesystem::last_write_time(path, failure);
  return {time, std::filesystem::file_size(path, failure)};
}
}  // namespace

struct ServerTls::Stamps {
  std::vector<Stamp> files;
  static Stamps of(const std::vector<CertificateFiles>& certificates) {
    Stamps stamps;
    for (const auto& files : certificates) {
      stamps.files.push_back(stamp(files.certificate));
      stamps.files.push_back(stamp(files.key));
    }
    return stamps;
  }
};

ServerTls::ServerTls(std::vector<CertificateFiles> certificates)
    : certificates_(std::move(certificates)), stamps_(std::make_unique<Stamps>()) {}

ServerTls::~ServerTls() = default;

base::Result<void> ServerTls::reload() {
  // Taken first: what changes while we read is read again.
  auto stamps = Stamps::of(certificates_);
  auto contexts = std::make_shared<Contexts>();
  for (const auto& files : certificates_) contexts->push_back(TRY(server_context(files)));
  auto* first = contexts->front().get();
  SSL_CTX_set_tlsext_servername_callback(first, choose_certificate);
  SSL_CTX_set_tlsext_servername_arg(first, contexts.get());
  *stamps_ = std::move(stamps);
  context_ = TlsContext(contexts, first);  // one owner for all: the callback's argument lives as long as the first
  return {};
}

bool ServerTls::changed() const {
  return Stamps::of(certificates_).files != stamps_->files;
}

base::Result<TlsContext> make_client_tls(const std::filesystem::path& ca_file) {
  SslContextPtr context(SSL_CTX_new(TLS_client_method()));
  if (!context) return openssl_error("making a TLS context");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  if (ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(context.get());
    ERR_clear_error();
    return TlsContext(std::move(context));
  }
  TRY(read_file(ca_file, "CA file"));
  if (SSL_CTX_load_verify_file(context.get(), ca_file.c_str()) != 1) {
    ERR_clear_error();
    return base::invalid(fmt::format("there is no PEM certificate in the CA file {}", ca_file.string()));
  }
  return TlsContext(std::move(context));
}

}  // namespace slipway::net
