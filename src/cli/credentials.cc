#include "cli/credentials.h"

#include <fmt/format.h>

#include <cstdlib>
#include <map>

#include "base/text.h"
#include "cli/text_file.h"

namespace slipway::cli {

namespace {

// The lines of one profile; nothing where the file has no such section.
std::optional<std::map<std::string, std::string>> section(std::string_view text, std::string_view profile) {
  std::optional<std::map<std::string, std::string>> found;
  bool inside = false;
  for (auto raw : base::split(text, '\n')) {
    auto line = base::trim(raw);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[' && line.back() == ']') {
      inside = base::trim(line.substr(1, line.size() - 2)) == profile;
      if (inside && !found) found.emplace();
      continue;
    }
    auto equals = line.find('=');
    if (!inside || equals == std::string_view::npos) continue;
    (*found)[base::lower(base::trim(line.substr(0, equals)))] = base::trim(line.substr(equals + 1));
  }
  return found;
}

std::filesystem::path shared_file(const Variables& variables) {
  if (auto named = variables("AWS_SHARED_CREDENTIALS_FILE")) return *named;
  return std::filesystem::path(variables("HOME").value_or("/")) / ".aws/credentials";
}

base::Result<FoundCredentials> from_variables(const Variables& variables) {
  auto secret = variables("AWS_SECRET_ACCESS_KEY");
  if (!secret) {
    return base::invalid("AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not; set both, or neither.");
  }
  sigv4::Credentials credentials;
  credentials.access_key_id = *variables("AWS_ACCESS_KEY_ID");
  credentials.secret = base::Secret(*secret);
  credentials.session_token = base::Secret(variables("AWS_SESSION_TOKEN").value_or(""));
  return FoundCredentials{std::move(credentials), "AWS_ACCESS_KEY_ID"};
}

base::Error no_credentials(const CredentialSearch& search) {
  auto error = base::invalid(fmt::format(
      "No access key: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile of ~/.aws/credentials with "
      "--profile, or use the account whose broker keeps {}.",
      search.broker_file.native()));
  error.kind = base::ErrorKind::unauthenticated;
  return error;
}

}  // namespace

Variables process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (!value || !*value) return std::nullopt;
    return value;
  };
}

base::Result<FoundCredentials> read_profile(const std::filesystem::path& file, const std::string& profile) {
  auto text = TRY(read_text_file(file));
  auto values = section(text, profile);
  if (!values) return base::not_found(fmt::format("{} has no profile '{}'.", file.native(), profile));
  FoundCredentials found;
  found.origin = fmt::format("profile '{}' of {}", profile, file.native());
  found.credentials.access_key_id = (*values)["aws_access_key_id"];
  found.credentials.secret = base::Secret((*values)["aws_secret_access_key"]);
  found.credentials.session_token = base::Secret((*values)["aws_session_token"]);
  if (found.credentials.access_key_id.empty() || found.credentials.secret.empty()) {
    return base::invalid(
        fmt::format("{} lacks aws_access_key_id or aws_secret_access_key; other ways to get a key, "
                    "such as SSO, are not read: export them with `aws configure export-credentials`.",
                    found.origin));
  }
  return found;
}

base::Result<FoundCredentials> find_credentials(const CredentialSearch& search, const Variables& variables) {
  if (!search.profile.empty()) return read_profile(shared_file(variables), search.profile);
  if (variables("AWS_ACCESS_KEY_ID")) return from_variables(variables);
  if (auto profile = variables("AWS_PROFILE")) return read_profile(shared_file(variables), *profile);
  if (search.broker_is_local) {
    auto own = read_profile(search.broker_file, "default");
    if (own || own.error().kind != base::ErrorKind::not_found) return own;
  }
  for (const auto& file : {shared_file(variables), search.broker_file}) {
    auto found = read_profile(file, "default");
    if (found || found.error().kind == base::ErrorKind::invalid) return found;
  }
  return no_credentials(search);
}

}  // namespace slipway::cli
