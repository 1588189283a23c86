#include <fmt/format.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstdio>
#include <ctime>
#include <memory>

#include "base/text.h"
#include "cli/account.h"
#include "cli/footprint.h"
#include "cli/output.h"
#include "cli/text_file.h"
#include "tool/finding.h"

namespace slipway::tool {

namespace {

namespace fs = std::filesystem;
using std::chrono::days;
using std::chrono::seconds;

constexpr days kRenewal{30};  // the broker makes a new certificate at a start within so many days of the end
constexpr seconds kWindow{300};

// Of the health check, or why there is no answer.
base::Result<cli::WireResponse> ask_health(const cli::Context& context, const cli::Connection& connection) {
  auto transport = TRY(context.transport(connection));
  auto host = connection.url.substr(connection.url.find("://") + 3);
  host = host.substr(0, host.find('/'));
  return transport({.method = "GET", .url = connection.url + "/health", .headers = {{"Host", host}}});
}

Finding check_port(int port) {
  auto holder = cli::listener_on(port);
  if (!holder) return {.check = "port", .what = fmt::format("no broker runs, and port {} is free", port)};
  auto who = holder->pid ? fmt::format("process {} ({})", holder->pid, holder->name) : "another account's process";
  return {"port", Level::problem, fmt::format("port {} is taken by {}", port, who),
          "stop it, or start the broker elsewhere: slipway serve --listen 127.0.0.1:0"};
}

void check_listeners(const server::Settings& settings, std::vector<Finding>& findings) {
  for (const auto& listener : settings.http.listeners) {
    if (listener.port != 0) findings.push_back(check_port(listener.port));
  }
}

std::string header_of(const cli::WireResponse& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (base::lower(key) == name) return value;
  }
  return "";
}

Finding must_be_private(const fs::path& path, mode_t allowed) {
  struct stat facts{};
  if (::stat(path.c_str(), &facts) != 0) {
    return {"data folder", Level::problem, base::from_errno("looking at " + path.native()).message,
            "run doctor as the broker's account or as root"};
  }
  mode_t mode = facts.st_mode & 07777;
  if ((mode & ~allowed) == 0) return {.check = "data folder", .what = fmt::format("{} is private", path.native())};
  return {"data folder", Level::problem, fmt::format("{} has mode {:04o}: others may use it", path.native(), mode),
          fmt::format("chmod {:o} {}; then revoke what others may have read", allowed, path.native())};
}

std::string why_not_well(const cli::WireResponse& health) {
  boost::system::error_code broken;
  auto why = cli::text_at(boost::json::parse(health.body, broken), "/message");
  return why.empty() ? fmt::format("status {}", health.status) : why;
}

struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};

}  // namespace

std::vector<Finding> check_data_folder(const fs::path& folder) {
  std::error_code failed;
  if (!fs::exists(folder, failed)) {
    return {{"data folder", Level::note, fmt::format("{} does not exist yet", folder.native()),
             "nothing to do: `slipway serve` makes it"}};
  }
  std::vector<Finding> findings{must_be_private(folder, 0700)};
  for (const char* name : {"slipway.db", "sealing.key", "credentials", "tls/server.key", "tls/ca.key"}) {
    if (fs::exists(folder / name, failed)) findings.push_back(must_be_private(folder / name, 0600));
  }
  // All well: one line suffices.
  for (const auto& finding : findings) {
    if (finding.level != Level::ok) return findings;
  }
  return {{.check = "data folder", .what = fmt::format("{} and what is in it are private", folder.native())}};
}

Finding check_certificate(const fs::path& file, base::Time now) {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> stream(std::fopen(file.c_str(), "r"), std::fclose);
  if (!stream) {
    return {"certificate", Level::problem, base::from_errno("reading " + file.native()).message,
            "run doctor as the broker's account or as root"};
  }
  std::unique_ptr<X509, FreeCertificate> certificate(PEM_read_X509(stream.get(), nullptr, nullptr, nullptr));
  std::tm end{};
  if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &end) != 1) {
    return {"certificate", Level::problem, fmt::format("{} holds no certificate", file.native()),
            "remove it and start the broker again: it makes a new one"};
  }
  auto until = std::chrono::sys_seconds(seconds(::timegm(&end)));
  auto left = std::chrono::floor<days>(until - now);
  auto what = fmt::format("{} is valid until {:04}-{:02}-{:02}", file.native(), end.tm_year + 1900, end.tm_mon + 1,
                          end.tm_mday);
  if (until <= now)
    return {"certificate", Level::problem, what + " and has expired", "restart the broker: it makes a new one"};
  if (left < kRenewal) return {"certificate", Level::warning, what, "restart the broker: it makes a new one"};
  return {.check = "certificate", .what = what};
}

Finding judge_clock_skew(std::string_view date, base::Time now) {
  std::tm parts{};
  // RFC 9110, 5.6.7.
  if (!::strptime(std::string(date).c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts)) {
    return {"clock skew", Level::note, "the broker's answer bears no date", ""};
  }
  auto skew = std::chrono::abs(std::chrono::round<seconds>(now - std::chrono::sys_seconds(seconds(::timegm(&parts)))));
  auto what = fmt::format("this clock and the broker's are {} s apart", skew.count());
  if (skew > kWindow) {
    return {"clock skew", Level::problem, what, "set the clocks: signatures hold for 5 minutes only"};
  }
  if (skew > seconds(30)) return {"clock skew", Level::warning, what, "set the clocks before signatures are refused"};
  return {.check = "clock skew", .what = what};
}

std::vector<Finding> check_broker(const cli::Context& context, const cli::Settings& options,
                                  const server::Settings& settings) {
  const auto& folder = settings.data_dir;
  auto findings = check_data_folder(folder);
  std::error_code ignored;
  if (fs::exists(folder / "tls/server.pem", ignored)) {
    findings.push_back(check_certificate(folder / "tls/server.pem", base::system_clock().now()));
  }
  auto connection = cli::find_server(options, context.variables);
  if (!connection) {
    check_listeners(settings, findings);
    bool expected = connection.error().code == "NoBroker";
    if (!expected) {
      findings.push_back(
          {"broker", Level::problem, connection.error().message,
           "run doctor as the broker's account or as root, or name another broker with --data-dir or --url"});
    }
    return findings;
  }
  auto health = ask_health(context, *connection);
  if (!health && health.error().code == "ConnectionRefused" && connection->local) {
    check_listeners(settings, findings);
  } else if (!health) {
    findings.push_back({"broker", Level::problem, health.error().message, "check that the broker runs, and --ca"});
  } else if (health->status != 200) {
    findings.push_back({"broker", Level::problem,
                        fmt::format("{} says it is not well: {}", connection->url, why_not_well(*health)),
                        "see its log"});
  } else {
    findings.push_back({.check = "broker", .what = fmt::format("answers on {}", connection->url)});
    findings.push_back(judge_clock_skew(header_of(*health, "date"), base::system_clock().now()));
  }
  return findings;
}

}  // namespace slipway::tool
