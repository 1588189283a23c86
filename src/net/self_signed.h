#pragma once
// The broker's own certificate, for machines where nobody has given it one: a small authority that clients trust
// (ca.pem) and a server certificate from it. Used by the composition root before the listeners open.

#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "net/tls.h"

namespace slipway::net {

struct SelfSigned {
  CertificateFiles server;   // server.pem, server.key
  std::filesystem::path ca;  // ca.pem: what clients trust
  bool made = false;         // true where this call wrote a server certificate
};

// Sees to a certificate in `directory` (made if missing, 0700) that is valid for `names` (DNS names and IP addresses):
// keeps what is there if it fits and is good for another 30 days, otherwise makes a new one from the authority there,
// and a new authority where that is missing, foreign or about to end. Keys (EC P-256) are 0600. Authority 10 years,
// server 397 days. Idempotent; blocking. Errors: the folder cannot be written.
base::Result<SelfSigned> ensure_self_signed(const std::filesystem::path& directory,
                                            const std::vector<std::string>& names, const base::Clock& clock);

// localhost, 127.0.0.1, ::1 and the host's name.
std::vector<std::string> default_names();

}  // namespace slipway::net
