#include "cli/connection.h"

#include <fmt/format.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/text_file.h"
#include "config/data_dir.h"

namespace slipway::cli {

namespace {

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

// "https://[::1]:8443/x" -> "::1"
std::string host_of(std::string_view url) {
  auto begin = url.find("://");
  auto rest = url.substr(begin == std::string_view::npos ? 0 : begin + 3);
  rest = rest.substr(0, rest.find('/'));
  if (rest.starts_with('[')) return std::string(rest.substr(1, rest.find(']') - 1));
  return std::string(rest.substr(0, rest.find(':')));
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

base::Error no_broker(const std::filesystem::path& folder) {
  return base::unavailable(
      fmt::format("No broker has run on {} yet. Start one with `slipway serve`, try `slipway demo`, "
                  "or name a server with --url.",
                  folder.native()),
      "NoBroker");
}

std::string signing_region(const Settings& settings, const Variables& variables) {
  if (!settings.region.empty()) return settings.region;
  if (auto region = variables("AWS_REGION")) return *region;
  return variables("AWS_DEFAULT_REGION").value_or("local");
}

}  // namespace

void add_settings(Command& command, Settings& settings, const std::string& without_url) {
  command.option("--url", settings.url, "Server; default: " + without_url, {.placeholder = "URL"});
  command.option("--ca", settings.ca, "Certificate authorities to trust (PEM); default: the local broker's own",
                 {.placeholder = "FILE", .completes = Completes::files});
  command.option("--region", settings.region, "Where clusters live: local, eu-west-2, ...; default: the server's",
                 {.placeholder = "REGION"});
  command.option("--profile", settings.profile, "Profile of ~/.aws/credentials to sign with", {.placeholder = "NAME"});
  add_local_settings(command, settings);
}

void add_local_settings(Command& command, Settings& settings) {
  command.option("--data-dir", settings.data_dir, "The local broker's data folder",
                 {.placeholder = "DIR", .completes = Completes::folders});
  command.option("-o,--output", settings.output, "Form of the answer", {.choices = {"table", "json", "yaml", "name"}});
}

std::filesystem::path data_dir_of(const Settings& settings) {
  return settings.data_dir.empty() ? config::default_data_dir() : std::filesystem::path(settings.data_dir);
}

base::Result<Connection> find_server(const Settings& settings, const Variables& variables) {
  auto folder = data_dir_of(settings);
  auto endpoint = read_text_file(folder / "endpoint");
  std::string local_url = endpoint ? without_slash(std::string(base::trim(*endpoint))) : "";
  Connection connection;
  connection.url = without_slash(settings.url.empty() ? local_url : settings.url);
  if (connection.url.empty()) {
    bool absent = endpoint || endpoint.error().kind == base::ErrorKind::not_found;
    return absent ? no_broker(folder) : std::move(endpoint).error();
  }
  if (!connection.url.starts_with("https://")) {
    return wrong_line(fmt::format("The server's URL must begin with https://, but is '{}'.", connection.url));
  }
  connection.local = connection.url == local_url;
  connection.ca_file = settings.ca;
  // Beyond this machine the local broker's own authority would vouch for nobody.
  std::error_code ignored;
  auto own = folder / "tls/ca.pem";
  if (settings.ca.empty() && is_loopback(host_of(connection.url)) && std::filesystem::exists(own, ignored)) {
    connection.ca_file = own;
  }
  connection.region = settings.region;
  connection.signing_region = signing_region(settings, variables);
  connection.credentials = TRY(find_credentials(
      {.profile = settings.profile, .broker_file = folder / "credentials", .broker_is_local = connection.local},
      variables));
  return connection;
}

}  // namespace slipway::cli
