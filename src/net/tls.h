#pragma once
// TLS settings of both ends: which certificates a listener shows, reloaded while it serves, and whom a client trusts.
// Versions 1.2 and 1.3. Used by http's listeners, the HTTP client and the composition root. Knows no socket.

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

struct ssl_ctx_st;

namespace slipway::net {

using TlsContext = std::shared_ptr<ssl_ctx_st>;

// A PEM chain, leaf first, and its PEM key.
struct CertificateFiles {
  std::filesystem::path certificate;
  std::filesystem::path key;
};

// The certificates of one listener. Which one is shown follows the name that the client asks for (SNI): the first whose
// subject names (wildcards included) fit, else the first.
class ServerTls {
 public:
  // `certificates`: at least one. Call reload() before context().
  explicit ServerTls(std::vector<CertificateFiles> certificates);
  ~ServerTls();

  // Reads the files (blocking, some milliseconds) and uses them for new connections; those that are open go on. On an
  // error nothing changes. Errors name the file: unreadable, no PEM, empty, expired, a key that does not fit.
  base::Result<void> reload();
  // True where a file's time or size changed since the last reload().
  bool changed() const;
  // What a new connection uses.
  const TlsContext& context() const { return context_; }
  const std::vector<CertificateFiles>& certificates() const { return certificates_; }

 private:
  struct Stamps;
  std::vector<CertificateFiles> certificates_;
  TlsContext context_;
  std::unique_ptr<Stamps> stamps_;
};

// A client's context: trusts the PEM certificates in `ca_file`, or the system's where it is empty. Peers' certificates
// are always verified. Errors: unreadable, no certificate in it.
base::Result<TlsContext> make_client_tls(const std::filesystem::path& ca_file);

}  // namespace slipway::net
