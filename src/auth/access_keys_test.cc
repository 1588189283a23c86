#include "auth/access_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>

#include "auth/credentials_file.h"
#include "auth/sigv4_authenticator.h"
#include "sigv4/signer.h"
#include "storage/sqlite/database.h"

namespace slipway::auth {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using base::ErrorKind;
using testing::HasSubstr;
using testing::MatchesRegex;

struct HeldClock : base::Clock {
  base::Time now() const override { return time; }
  base::Time time = std::chrono::sys_days(std::chrono::year(2026) / 3 / 1);
};

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A broker's keys over a real store; reopen() is a restart.
struct AuthAccessKeys : testing::Test {
  AuthAccessKeys() {
    char name[] = "/tmp/slipway-keys-XXXXXX";
    folder = ::mkdtemp(name);
    settings = {.key_file = folder / "key", .credentials_file = folder / "credentials"};
  }
  ~AuthAccessKeys() override {
    close();
    fs::remove_all(folder);
  }

  void close() {
    keys.reset();
    if (database) database->stop();
    database.reset();
  }
  base::Result<void> open() {
    database = TRY(storage::sqlite::open_database(runtime, folder));
    keys = std::make_unique<AccessKeys>(*database, runtime, clock, settings);
    return net::run_to_end(runtime, [this] { return keys->start(); });
  }
  base::Result<void> reopen() {
    close();
    return open();
  }
  void ready() {
    const auto result = open();
    ASSERT_TRUE(result) << result.error().describe();
  }

  base::Result<NewAccessKey> create(std::string name, Rights rights = Rights::administrator) {
    return net::run_to_end(runtime, [&] { return keys->create(name, beside, rights); });
  }
  base::Result<void> revoke(std::string id) {
    return net::run_to_end(runtime, [&] { return keys->revoke(id, beside); });
  }
  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const auto& key : keys->list()) result.push_back(key.name);
    return result;
  }
  AccessKeys::Beside beside = [](storage::Connection&, const AccessKey&) { return base::Result<void>(); };

  std::string id_in_file() const { return access_key_id_in(settings.credentials_file).value(); }

  fs::path folder;
  AccessKeySettings settings;
  HeldClock clock;
  net::Runtime runtime;
  std::unique_ptr<storage::Database> database;
  std::unique_ptr<AccessKeys> keys;
};

TEST_F(AuthAccessKeys, the_first_start_makes_a_key_and_its_files) {
  ready();
  ASSERT_EQ(names(), std::vector<std::string>{"admin"});
  const auto key = keys->list().front();
  EXPECT_THAT(key.id, MatchesRegex("AKIA[A-Z2-7]{16}"));
  EXPECT_EQ(key.created_at, clock.time);
  EXPECT_EQ(contents(settings.credentials_file),
            "# Slipway's first administrator key. Removed when the key is revoked.\n[default]\naws_access_key_id = " +
                key.id + "\naws_secret_access_key = " + keys->find(key.id)->secret.reveal() + "\n");
  struct stat status;
  ASSERT_EQ(::stat(settings.credentials_file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
}

TEST_F(AuthAccessKeys, rights_outlive_the_broker_and_there_is_always_an_administrator) {
  ready();
  const auto first = keys->list().front().id;
  const auto made = create("alice", Rights::types);
  ASSERT_TRUE(revoke(first));
  ASSERT_TRUE(reopen());
  EXPECT_EQ(keys->find(made->key.id)->principal.rights, Rights::types);
  ASSERT_EQ(keys->list().size(), 2u);
  EXPECT_EQ(keys->find(id_in_file())->principal.rights, Rights::administrator);
}

TEST_F(AuthAccessKeys, a_later_start_finds_the_same_keys_and_makes_none) {
  ready();
  const auto id = keys->list().front().id;
  const auto secret = keys->find(id)->secret;
  clock.time += 1s;
  const auto made = create("alice");
  ASSERT_TRUE(made);
  ASSERT_TRUE(reopen());
  EXPECT_EQ(names(), (std::vector<std::string>{"admin", "alice"}));
  EXPECT_EQ(keys->find(id)->secret.reveal(), secret.reveal());
  EXPECT_EQ(keys->find(made->key.id)->secret.reveal(), made->secret.reveal());
  EXPECT_EQ(keys->find(made->key.id)->principal.arn, "arn:aws:iam::000000000000:user/alice");
  EXPECT_EQ(id_in_file(), id);
}

TEST_F(AuthAccessKeys, a_new_key_has_the_form_of_aws_and_is_its_own) {
  ready();
  const auto one = create("alice");
  const auto two = create("alice");
  ASSERT_TRUE(one && two);
  EXPECT_THAT(one->key.id, MatchesRegex("AKIA[A-Z2-7]{16}"));
  EXPECT_THAT(one->secret.reveal(), MatchesRegex("[A-Za-z0-9+/]{40}"));
  EXPECT_NE(one->key.id, two->key.id);
  EXPECT_NE(one->secret.reveal(), two->secret.reveal());
}

TEST_F(AuthAccessKeys, a_change_whose_record_fails_is_none) {
  ready();
  const auto admin = keys->list().front().id;
  beside = [](storage::Connection&, const AccessKey&) { return base::internal("no record"); };
  EXPECT_FALSE(create("alice"));
  EXPECT_FALSE(revoke(admin));
  EXPECT_EQ(names(), std::vector<std::string>{"admin"});
  ASSERT_TRUE(reopen());
  EXPECT_EQ(names(), std::vector<std::string>{"admin"});
}

TEST_F(AuthAccessKeys, a_name_is_a_user_name_of_iam) {
  ready();
  EXPECT_TRUE(create("Az09+=,.@_-"));
  EXPECT_TRUE(create(std::string(64, 'a')));
  for (const auto& bad :
       {std::string(), std::string(65, 'a'), std::string("a b"), std::string("a/b"), std::string("\xC3\xA4")}) {
    EXPECT_EQ(create(bad).error().kind, ErrorKind::invalid) << bad;
  }
}

TEST_F(AuthAccessKeys, no_secret_stands_in_the_database) {
  ready();
  const auto made = create("alice");
  ASSERT_TRUE(made);
  int files = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!entry.path().filename().string().starts_with("slipway.db")) continue;
    ++files;
    EXPECT_EQ(contents(entry.path()).find(made->secret.reveal()), std::string::npos) << entry.path();
  }
  EXPECT_GT(files, 0);
}

TEST_F(AuthAccessKeys, a_revoked_key_is_gone_at_once_and_for_good) {
  ready();
  const auto made = create("alice");
  ASSERT_TRUE(made);
  ASSERT_TRUE(revoke(made->key.id));
  EXPECT_EQ(keys->find(made->key.id), nullptr);
  EXPECT_EQ(revoke(made->key.id).error().kind, ErrorKind::not_found);
  EXPECT_TRUE(fs::exists(settings.credentials_file));
  ASSERT_TRUE(reopen());
  EXPECT_EQ(names(), std::vector<std::string>{"admin"});
}

TEST_F(AuthAccessKeys, the_credentials_file_goes_with_the_first_key) {
  ready();
  ASSERT_TRUE(create("alice"));
  ASSERT_TRUE(revoke(id_in_file()));
  EXPECT_FALSE(fs::exists(settings.credentials_file));
  ASSERT_TRUE(reopen());
  EXPECT_FALSE(fs::exists(settings.credentials_file));
  EXPECT_EQ(names(), std::vector<std::string>{"alice"});
}

TEST_F(AuthAccessKeys, a_broker_without_any_key_makes_one_when_it_starts) {
  ready();
  const auto id = id_in_file();
  ASSERT_TRUE(revoke(id));
  EXPECT_TRUE(keys->list().empty());
  ASSERT_TRUE(reopen());
  EXPECT_EQ(names(), std::vector<std::string>{"admin"});
  EXPECT_NE(id_in_file(), id);
  EXPECT_NE(keys->find(id_in_file()), nullptr);
}

TEST_F(AuthAccessKeys, a_crash_between_file_and_first_key_is_made_good) {
  ASSERT_TRUE(write_credentials_file(settings.credentials_file, "AKIANOBODY", base::Secret("secret")));
  ready();
  EXPECT_NE(keys->find(id_in_file()), nullptr);
}

TEST_F(AuthAccessKeys, a_crash_between_revocation_and_removal_is_made_good) {
  ready();
  ASSERT_TRUE(write_credentials_file(settings.credentials_file, "AKIANOBODY", base::Secret("secret")));
  ASSERT_TRUE(reopen());
  EXPECT_FALSE(fs::exists(settings.credentials_file));
}

TEST_F(AuthAccessKeys, keys_without_their_key_file_are_refused_and_none_is_made) {
  ready();
  close();
  fs::rename(folder / "key", folder / "away");
  EXPECT_EQ(open().error().kind, ErrorKind::not_found);
  EXPECT_FALSE(fs::exists(folder / "key"));

  settings.key_file = folder / "away";  // it may stand anywhere
  EXPECT_TRUE(reopen());
}

TEST_F(AuthAccessKeys, another_key_file_is_told) {
  ready();
  close();
  fs::remove(folder / "key");
  ASSERT_TRUE(Seal::load_or_create(folder / "key"));
  const auto result = open();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::invalid);
  EXPECT_THAT(result.error().message, HasSubstr((folder / "key").string()));
}

TEST_F(AuthAccessKeys, a_folder_that_is_not_there_is_told) {
  settings.credentials_file = folder / "none" / "credentials";
  const auto result = open();
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("none/credentials"));
  settings.credentials_file = folder / "credentials";
  EXPECT_TRUE(reopen());
  EXPECT_EQ(names(), std::vector<std::string>{"admin"});
}

// --- who calls

struct AuthSigv4 : AuthAccessKeys {
  void SetUp() override {
    ready();
    const auto& entry = *keys->find(id_in_file());
    credentials = {.access_key_id = entry.key.id, .secret = entry.secret, .session_token = {}};
    authenticator = std::make_unique<Sigv4Authenticator>(*keys, clock);
  }
  sigv4::Request request() const { return {.method = "GET", .target = target, .headers = headers, .body = {}}; }
  void sign() {
    headers = {{"Host", "127.0.0.1:8443"}};
    const auto result = sigv4::Signer().sign(
        request(), credentials, {.region = "local", .service = "execute-api", .time = clock.time, .rules = {}});
    for (const auto& header : result.value().headers) headers.push_back(header);
  }
  std::string code() {
    const auto result = authenticator->authenticate(request());
    return result ? "" : result.error().code;
  }

  std::string target = "/v3/clusters?region=eu-west-2";
  sigv4::Headers headers;
  sigv4::Credentials credentials;
  std::unique_ptr<Sigv4Authenticator> authenticator;
};

TEST_F(AuthSigv4, a_signed_request_has_a_principal) {
  sign();
  const auto principal = authenticator->authenticate(request());
  ASSERT_TRUE(principal);
  EXPECT_EQ(principal->access_key_id, credentials.access_key_id);
  EXPECT_EQ(principal->arn, "arn:aws:iam::000000000000:user/admin");
  EXPECT_EQ(principal->rights, Rights::administrator);
  EXPECT_EQ(code(), "");  // an honest repeat
}

TEST_F(AuthSigv4, a_revoked_key_signs_nothing_any_more) {
  sign();
  EXPECT_EQ(code(), "");
  ASSERT_TRUE(revoke(credentials.access_key_id));
  EXPECT_EQ(code(), sigv4::kUnrecognizedClient);
}

TEST_F(AuthSigv4, nobody_s_key_and_a_wrong_secret_are_told_apart) {
  const auto secret = credentials.secret;
  credentials.secret = base::Secret("wrong");
  sign();
  EXPECT_EQ(code(), sigv4::kSignatureDoesNotMatch);
  credentials.access_key_id = "AKIANOBODY";
  sign();
  EXPECT_EQ(code(), sigv4::kUnrecognizedClient);
}

TEST_F(AuthSigv4, a_session_token_is_refused) {
  credentials.session_token = base::Secret("token");
  sign();
  EXPECT_EQ(code(), kInvalidToken);
}

TEST_F(AuthSigv4, the_clock_decides) {
  sign();
  clock.time += 5min;
  EXPECT_EQ(code(), "");
  clock.time += 1ms;
  EXPECT_EQ(code(), sigv4::kSignatureExpired);
  authenticator = std::make_unique<Sigv4Authenticator>(*keys, clock, Sigv4Settings{.window = 10min});
  EXPECT_EQ(code(), "");
}

TEST_F(AuthSigv4, another_spelling_of_a_signed_path_is_refused) {
  target = "/v3/clusters/one";
  sign();
  EXPECT_EQ(code(), "");
  for (const auto* other :
       {"/v3//clusters/one", "/v3/clusters/./one", "/v3/clusters/two/../one", "/v3/clusters/one/x/.."}) {
    target = other;
    EXPECT_EQ(code(), sigv4::kSignatureDoesNotMatch) << other;
  }
}

TEST_F(AuthSigv4, a_mismatch_is_explained_to_the_caller) {
  sign();
  target += "&added=1";
  EXPECT_EQ(code(), sigv4::kSignatureDoesNotMatch);
  EXPECT_THAT(explain_mismatch("GET", target, headers, ""),
              HasSubstr("\n'GET\n/v3/clusters\nadded=1&region=eu-west-2\n"));
}

}  // namespace
}  // namespace slipway::auth
