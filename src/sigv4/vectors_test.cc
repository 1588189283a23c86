// The published signing vectors of aws-c-auth (38) and botocore (34), read from $SLIPWAY_SHARED/vectors, by default the
// folder `shared` beside the source tree. Where it is absent the tests are skipped.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "base/yaml.h"
#include "sigv4/signer.h"
#include "sigv4/verifier.h"

namespace slipway::sigv4 {
namespace {

namespace fs = std::filesystem;

const base::Time kTime =
    std::chrono::sys_days(std::chrono::year(2015) / 8 / 30) + std::chrono::hours(12) + std::chrono::minutes(36);
const base::Secret kSecret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");

fs::path vectors() {
  const char* shared = std::getenv("SLIPWAY_SHARED");
  return (shared ? fs::path(shared) : fs::path("../shared")) / "vectors";
}

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

// A request as the vectors write it: request line, headers with folds, blank line, body.
struct Message {
  std::string method, target, body;
  Headers headers;

  Request request() const { return {.method = method, .target = target, .headers = headers, .body = body}; }
  void set(const std::string& name, const std::string& value) {
    std::erase_if(headers, [&](const auto& header) { return base::lower(header.first) == base::lower(name); });
    headers.emplace_back(name, value);
  }
  std::string header(const std::string& name) const {
    for (const auto& [key, value] : headers) {
      if (base::lower(key) == base::lower(name)) return value;
    }
    return {};
  }
};

Message parse(std::string_view text) {
  Message message;
  auto lines = base::split(text, '\n');
  const auto first = lines.front();
  const auto blank = first.find(' ');
  message.method = first.substr(0, blank);
  message.target = first.substr(blank + 1, first.rfind(' ') - blank - 1);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto line = lines[i];
    if (line.empty()) {
      for (++i; i < lines.size(); ++i) message.body += std::string(lines[i]) + (i + 1 < lines.size() ? "\n" : "");
    } else if (line.front() == ' ' || line.front() == '\t') {
      message.headers.back().second += "\n" + std::string(line);
    } else {
      const auto colon = line.find(':');
      message.headers.emplace_back(line.substr(0, colon), line.substr(colon + 1));
    }
  }
  return message;
}

// The authorization field of botocore's files starts with the word, theirs with "Authorization:".
std::string trimmed(std::string_view text) {
  return std::string(base::trim(text));
}

struct Case {
  fs::path folder;
  Message request;
  Credentials credentials{.access_key_id = "AKIDEXAMPLE", .secret = kSecret, .session_token = {}};
  Scope scope{.region = "us-east-1", .service = "service", .time = kTime, .rules = {}};
  bool token_after = false;  // the token is added after signing

  std::string file(const std::string& name) const { return read(folder / name); }
};

VerifierSettings verifier_settings(const Case& test) {
  VerifierSettings settings;
  settings.service = "service";
  settings.rules = test.scope.rules;
  return settings;
}

base::Result<void> verify(const Case& test, const Message& message) {
  Verifier verifier(verifier_settings(test));
  const auto claim = TRY(verifier.parse(message.request()));
  return verifier.check(claim, kSecret, kTime);
}

// --- aws-c-auth

Case crt_case(const fs::path& folder) {
  Case test{.folder = folder, .request = parse(read(folder / "request.txt"))};
  const auto context = base::parse_yaml(read(folder / "context.json"));
  EXPECT_TRUE(context) << folder;
  if (!context) return test;
  const bool normalise = context->find("normalize")->boolean();
  test.scope.rules.normalise_path = normalise;
  test.scope.rules.content_sha256 = context->find("sign_body")->boolean();
  const auto* after = context->find("omit_session_token");
  test.token_after = after && after->boolean();
  const auto* token = context->find("credentials")->find("token");
  if (token && !test.token_after) test.credentials.session_token = base::Secret(token->text);
  return test;
}

void expect_crt_header_form(const Case& test) {
  Signer signer;
  const auto result = signer.sign(test.request.request(), test.credentials, test.scope);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->canonical_request, test.file("header-canonical-request.txt"));
  EXPECT_EQ(result->string_to_sign, test.file("header-string-to-sign.txt"));
  EXPECT_EQ(result->signature, test.file("header-signature.txt"));
  const auto published = parse(test.file("header-signed-request.txt"));
  for (const auto& [name, value] : result->headers) EXPECT_EQ(value, published.header(name)) << name;
  EXPECT_EQ(verify(test, published).has_value(), !test.token_after);
}

void expect_crt_presigned_form(const Case& test) {
  Signer signer;
  const auto result = signer.presign(test.request.request(), test.credentials, test.scope);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->canonical_request, test.file("query-canonical-request.txt"));
  EXPECT_EQ(result->string_to_sign, test.file("query-string-to-sign.txt"));
  EXPECT_EQ(result->signature, test.file("query-signature.txt"));
  const auto published = parse(test.file("query-signed-request.txt"));
  if (!test.token_after) EXPECT_EQ(result->target, published.target);
  EXPECT_EQ(verify(test, published).has_value(), !test.token_after);
}

// --- botocore

Case botocore_case(const fs::path& folder) {
  const auto name = folder.filename().string();
  Case test{.folder = folder, .request = parse(read(folder / (name + ".req")))};
  test.token_after = name == "post-sts-header-after";
  // The request of post-sts-header-before brings its token along, that of get-vanilla-with-session-token needs it
  // added.
  const auto token = parse(read(folder / (name + ".sreq"))).header("x-amz-security-token");
  if (!token.empty() && !test.token_after) test.credentials.session_token = base::Secret(token);
  return test;
}

void expect_botocore(const Case& test) {
  const auto name = test.folder.filename().string();
  Signer signer;
  const auto result = signer.sign(test.request.request(), test.credentials, test.scope);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->canonical_request, test.file(name + ".creq"));
  EXPECT_EQ(result->string_to_sign, test.file(name + ".sts"));
  const auto authorization = trimmed(test.file(name + ".authz"));
  EXPECT_EQ(result->headers.back().second, authorization);

  auto signed_request = parse(test.file(name + ".sreq"));
  // The signature of get-vanilla-with-session-token.sreq is a shuffled one; .authz has the right one.
  signed_request.set("Authorization", authorization);
  EXPECT_EQ(verify(test, signed_request).has_value(), !test.token_after);
}

std::vector<fs::path> folders_with(const fs::path& root, const std::string& extension_or_name) {
  std::vector<fs::path> folders;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const auto path = entry.path();
    if (path.filename() == extension_or_name || path.extension() == extension_or_name) {
      folders.push_back(path.parent_path());
    }
  }
  return folders;
}

TEST(Sigv4Vectors, aws_c_auth_cases_sign_and_verify_in_both_forms) {
  const auto root = vectors() / "sigv4";
  if (!fs::exists(root)) GTEST_SKIP() << "no published vectors: " << root << " is absent";
  const auto folders = folders_with(root, "context.json");
  EXPECT_EQ(folders.size(), 38u);
  for (const auto& folder : folders) {
    SCOPED_TRACE(folder.filename());
    const auto test = crt_case(folder);
    expect_crt_header_form(test);
    expect_crt_presigned_form(test);
  }
}

TEST(Sigv4Vectors, botocore_cases_sign_and_verify) {
  const auto root = vectors() / "sigv4-botocore";
  if (!fs::exists(root)) GTEST_SKIP() << "no published vectors: " << root << " is absent";
  const auto folders = folders_with(root, ".req");
  EXPECT_EQ(folders.size(), 34u);
  for (const auto& folder : folders) {
    SCOPED_TRACE(folder.filename());
    expect_botocore(botocore_case(folder));
  }
}

}  // namespace
}  // namespace slipway::sigv4
