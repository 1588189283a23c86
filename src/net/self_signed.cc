#include "net/self_signed.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

#include "base/ids.h"
#include "base/text.h"
#include "net/openssl.h"

namespace slipway::net {

namespace {
using std::chrono::days;
constexpr days kAuthorityLife{3650};
constexpr days kServerLife{397};
constexpr days kRenewBefore{30};

struct Pair {
  X509Ptr certificate;
  EvpKeyPtr key;
};

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// What lies there, or nothing where it is missing, no PEM, or two halves of different pairs (a crash in between).
Pair read_pair(const CertificateFiles& files) {
  const auto certificate_text = read_text(files.certificate);
  const auto key_text = read_text(files.key);
  Pair pair;
  pair.certificate.reset(PEM_read_bio_X509(memory_bio(certificate_text).get(), nullptr, nullptr, nullptr));
  pair.key.reset(PEM_read_bio_PrivateKey(memory_bio(key_text).get(), nullptr, nullptr, nullptr));
  const bool fits = pair.certificate && pair.key && X509_check_private_key(pair.certificate.get(), pair.key.get()) == 1;
  ERR_clear_error();
  return fits ? std::move(pair) : Pair{};
}

std::time_t unix_seconds(base::Time time) {
  return std::chrono::system_clock::to_time_t(time);
}

bool is_good_until(const X509& certificate, base::Time time) {
  auto at = unix_seconds(time);
  return X509_cmp_time(X509_get0_notAfter(&certificate), &at) > 0;
}

bool has_begun(const X509& certificate, base::Time now) {
  auto at = unix_seconds(now);
  return X509_cmp_time(X509_get0_notBefore(&certificate), &at) < 0;
}

bool is_address(const std::string& name) {
  std::array<unsigned char, 16> bytes{};
  return ::inet_pton(AF_INET, name.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1;
}

bool covers(X509& certificate, const std::string& name) {
  if (is_address(name)) return X509_check_ip_asc(&certificate, name.c_str(), 0) == 1;
  return X509_check_host(&certificate, name.data(), name.size(), 0, nullptr) == 1;
}

// The list goes through OpenSSL's small configuration language, where a comma or a quote would mean something.
bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= 253 && std::ranges::all_of(name, [](unsigned char c) {
    return std::isalnum(c) || c == '.' || c == '-' || c == '_' || c == ':' || c == '*';
  });
}

std::string alternative_names(const std::vector<std::string>& names) {
  std::vector<std::string> entries;
  for (const auto& name : names) entries.push_back((is_address(name) ? "IP:" : "DNS:") + name);
  return base::join(entries, ",");
}

bool add_extension(X509& certificate, X509& issuer, int nid, const std::string& value) {
  X509V3_CTX context{};
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, &issuer, &certificate, nullptr, nullptr, 0);
  auto* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  const bool added = extension && X509_add_ext(&certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

bool set_serial(X509& certificate) {
  BIGNUM* number = nullptr;
  BN_hex2bn(&number, ("4" + base::random_hex(15)).c_str());  // positive, at most 20 bytes
  const bool set = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(&certificate));
  BN_free(number);
  return set;
}

// A certificate without extensions and signature, valid from an hour ago, as clocks differ.
X509Ptr begin_certificate(const std::string& common_name, EVP_PKEY& key, base::Time now, base::Time end) {
  X509Ptr certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  X509_set_pubkey(certificate.get(), &key);
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), unix_seconds(now - std::chrono::hours(1)));
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), unix_seconds(end));
  auto* subject = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(common_name.c_str()),
                             -1, -1, 0);
  return set_serial(*certificate) ? std::move(certificate) : nullptr;
}

base::Result<Pair> make_authority(base::Time now) {
  Pair pair;
  pair.key.reset(EVP_EC_gen("P-256"));
  if (!pair.key) return openssl_error("making a key");
  // The random part keeps two authorities of one host apart in a client's store.
  const auto name = fmt::format("Slipway broker authority {}", base::random_hex(4));
  pair.certificate = begin_certificate(name, *pair.key, now, now + kAuthorityLife);
  if (!pair.certificate) return openssl_error("making a certificate");
  auto& certificate = *pair.certificate;
  X509_set_issuer_name(&certificate, X509_get_subject_name(&certificate));
  if (!add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") ||
      !add_extension(certificate, certificate, NID_subject_key_identifier, "hash") ||
      X509_sign(&certificate, pair.key.get(), EVP_sha256()) == 0) {
    return openssl_error("making the broker's certificate authority");
  }
  return pair;
}

base::Time end_of(const X509& certificate) {
  std::tm end{};
  ASN1_TIME_to_tm(X509_get0_notAfter(&certificate), &end);
  return base::Time(std::chrono::seconds(::timegm(&end)));
}

base::Result<Pair> make_server(const Pair& authority, const std::vector<std::string>& names, base::Time now) {
  Pair pair;
  pair.key.reset(EVP_EC_gen("P-256"));
  if (!pair.key) return openssl_error("making a key");
  const auto end = std::min<base::Time>(now + kServerLife, end_of(*authority.certificate));
  pair.certificate = begin_certificate(names.front().substr(0, 64), *pair.key, now, end);
  if (!pair.certificate) return openssl_error("making a certificate");
  auto& certificate = *pair.certificate;
  auto& issuer = *authority.certificate;
  X509_set_issuer_name(&certificate, X509_get_subject_name(&issuer));
  if (!add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") ||
      !add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature") ||
      !add_extension(certificate, issuer, NID_ext_key_usage, "serverAuth") ||
      !add_extension(certificate, issuer, NID_subject_alt_name, alternative_names(names)) ||
      !add_extension(certificate, issuer, NID_subject_key_identifier, "hash") ||
      !add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always") ||
      X509_sign(&certificate, authority.key.get(), EVP_sha256()) == 0) {
    return openssl_error("making the broker's certificate");
  }
  return pair;
}

// Whole or not at all, and durable: a half-written key would keep the broker from starting.
base::Result<void> write_file(const std::filesystem::path& path, std::string_view text, mode_t mode) {
  const auto temporary = path.string() + ".new";
  ::unlink(temporary.c_str());
  const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (descriptor < 0) return base::from_errno("writing " + path.string());
  const bool written = ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::fchmod(descriptor, mode) == 0 && ::fsync(descriptor) == 0;
  const int failure = errno;
  ::close(descriptor);
  if (!written) return base::from_errno("writing " + path.string(), failure);
  if (::rename(temporary.c_str(), path.c_str()) != 0) return base::from_errno("writing " + path.string());
  return {};
}

std::string_view contents(BIO& bio) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(&bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

base::Result<void> write_pair(const Pair& pair, const CertificateFiles& files) {
  const BioPtr key(BIO_new(BIO_s_secmem()));
  const BioPtr certificate(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PKCS8PrivateKey(key.get(), pair.key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1 ||
      PEM_write_bio_X509(certificate.get(), pair.certificate.get()) != 1) {
    return openssl_error("writing " + files.certificate.string());
  }
  TRY(write_file(files.key, contents(*key), 0600));
  return write_file(files.certificate, contents(*certificate), 0644);
}

bool is_issued_by(X509& certificate, const Pair& authority) {
  const bool issued = X509_verify(&certificate, authority.key.get()) == 1;
  ERR_clear_error();
  return issued;
}

base::Result<void> make_folder(const std::filesystem::path& directory) {
  if (::mkdir(directory.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return base::from_errno("making the folder " + directory.string());
}
}  // namespace

base::Result<SelfSigned> ensure_self_signed(const std::filesystem::path& directory,
                                            const std::vector<std::string>& names, const base::Clock& clock) {
  for (const auto& name : names) {
    if (!is_plain_name(name)) return base::invalid(fmt::format("\"{}\" is no name for a certificate", name));
  }
  if (names.empty()) return base::invalid("a certificate needs at least one name");
  const CertificateFiles authority_files{directory / "ca.pem", directory / "ca.key"};
  SelfSigned result{.server = {directory / "server.pem", directory / "server.key"}, .ca = authority_files.certificate};
  const auto now = clock.now();
  TRY(make_folder(directory));
  auto authority = read_pair(authority_files);
  if (!authority.certificate || !is_good_until(*authority.certificate, now + kRenewBefore)) {
    authority = TRY(make_authority(now));
    TRY(write_pair(authority, authority_files));
  }
  const auto server = read_pair(result.server);
  const auto is_covered = [&](const std::string& name) { return covers(*server.certificate, name); };
  if (server.certificate && is_issued_by(*server.certificate, authority) && has_begun(*server.certificate, now) &&
      is_good_until(*server.certificate, now + kRenewBefore) && std::ranges::all_of(names, is_covered)) {
    return result;
  }
  const auto renewed = TRY(make_server(authority, names, now));
  TRY(write_pair(renewed, result.server));
  result.made = true;
  return result;
}

std::vector<std::string> default_names() {
  std::vector<std::string> names{"localhost", "127.0.0.1", "::1"};
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) == 0 && is_plain_name(host.data()) &&
      std::ranges::find(names, host.data()) == names.end()) {
    names.emplace_back(host.data());
  }
  return names;
}

}  // namespace slipway::net
