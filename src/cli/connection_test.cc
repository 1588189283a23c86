#include "cli/connection.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "cli/test_support.h"

namespace slipway::cli {
namespace {

// Where would a command get its key, with these files and variables?
class CredentialSearchOrder : public testing::Test {
 protected:
  CredentialSearchOrder() {
    settings_.data_dir = folder_.path() / "broker";
    variables_["HOME"] = folder_.path() / "home";
  }

  void broker_has_a_key() {
    folder_.write("broker/endpoint", "https://127.0.0.1:8443/\n");
    folder_.write("broker/credentials", profile("default", "BROKER"));
  }
  void home_has_a_key() {
    folder_.write("home/.aws/credentials", profile("default", "HOME") + profile("work", "WORK"));
  }

  static std::string profile(const std::string& name, const std::string& id) {
    return "# comment\n[" + name + "]\naws_access_key_id=" + id + "\naws_secret_access_key = secret/of+" + id + "\n";
  }

  // The access key's id, or the error's message.
  std::string key() {
    auto found = find_server(settings_, [this](const std::string& name) -> std::optional<std::string> {
      auto variable = variables_.find(name);
      if (variable == variables_.end()) return std::nullopt;
      return variable->second;
    });
    if (!found) return found.error().message;
    return found->credentials.credentials.access_key_id;
  }

  TemporaryFolder folder_;
  Settings settings_;
  std::map<std::string, std::string> variables_;
};

TEST_F(CredentialSearchOrder, TheLocalBrokersOwnKeyWinsOverAnAwsDefaultProfile) {
  broker_has_a_key();
  home_has_a_key();
  EXPECT_EQ(key(), "BROKER");
}

TEST_F(CredentialSearchOrder, WhatWasNamedForThisCallWinsOverTheLocalBrokersKey) {
  broker_has_a_key();
  home_has_a_key();
  variables_["AWS_PROFILE"] = "work";
  EXPECT_EQ(key(), "WORK");
  variables_["AWS_ACCESS_KEY_ID"] = "VARIABLE";
  variables_["AWS_SECRET_ACCESS_KEY"] = "s";
  EXPECT_EQ(key(), "VARIABLE");
  settings_.profile = "default";
  EXPECT_EQ(key(), "HOME");
}

TEST_F(CredentialSearchOrder, AnotherServerGetsTheAwsKeyAndWithoutOneTheLocalBrokers) {
  broker_has_a_key();
  home_has_a_key();
  settings_.url = "https://broker.example.org";
  EXPECT_EQ(key(), "HOME");
  std::filesystem::remove_all(folder_.path() / "home");
  EXPECT_EQ(key(), "BROKER");
}

TEST_F(CredentialSearchOrder, TheSharedFileMayBeElsewhere) {
  settings_.url = "https://broker.example.org";
  variables_["AWS_SHARED_CREDENTIALS_FILE"] = folder_.write("elsewhere", profile("default", "ELSEWHERE"));
  EXPECT_EQ(key(), "ELSEWHERE");
}

TEST_F(CredentialSearchOrder, HalfAKeyIsAnErrorAndNotPassedOver) {
  broker_has_a_key();
  variables_["AWS_ACCESS_KEY_ID"] = "VARIABLE";
  EXPECT_EQ(key(), "AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not; set both, or neither.");
}

TEST_F(CredentialSearchOrder, SaysWhatToDoWhereThereIsNoKeyAtAll) {
  settings_.url = "https://broker.example.org";
  EXPECT_NE(key().find("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"), std::string::npos) << key();
}

TEST_F(CredentialSearchOrder, SaysWhatToDoWhereNoBrokerHasRun) {
  EXPECT_NE(key().find("Start one with `slipway serve`"), std::string::npos) << key();
}

TEST_F(CredentialSearchOrder, AnEndpointWithoutEncryptionIsRefused) {
  settings_.url = "http://127.0.0.1:8443";
  EXPECT_NE(key().find("must begin with https://"), std::string::npos) << key();
}

class ServerSearch : public CredentialSearchOrder {
 protected:
  Connection found() {
    variables_["AWS_ACCESS_KEY_ID"] = "x";
    variables_["AWS_SECRET_ACCESS_KEY"] = "x";
    auto connection = find_server(settings_, [this](const std::string& name) -> std::optional<std::string> {
      auto variable = variables_.find(name);
      if (variable == variables_.end()) return std::nullopt;
      return variable->second;
    });
    EXPECT_TRUE(connection) << connection.error().message;
    return connection ? *connection : Connection();
  }
};

TEST_F(ServerSearch, TakesTheLocalBrokersEndpointAndAuthority) {
  broker_has_a_key();
  auto ca = folder_.write("broker/tls/ca.pem", "x");
  EXPECT_EQ(found().url, "https://127.0.0.1:8443");
  EXPECT_EQ(found().ca_file, ca);
  EXPECT_TRUE(found().local);
}

TEST_F(ServerSearch, TrustsTheSystemsAuthoritiesBeyondThisMachine) {
  broker_has_a_key();
  folder_.write("broker/tls/ca.pem", "x");
  settings_.url = "https://broker.example.org/prod/";
  EXPECT_EQ(found().url, "https://broker.example.org/prod");
  EXPECT_EQ(found().ca_file, "");
  EXPECT_FALSE(found().local);
  settings_.ca = "/my/ca.pem";
  EXPECT_EQ(found().ca_file, "/my/ca.pem");
}

TEST_F(ServerSearch, SignsForTheRegionAskedForElseForAwsRegionElseForLocal) {
  broker_has_a_key();
  EXPECT_EQ(found().signing_region, "local");
  variables_["AWS_REGION"] = "eu-west-2";
  EXPECT_EQ(found().signing_region, "eu-west-2");
  EXPECT_EQ(found().region, "");
  settings_.region = "local";
  EXPECT_EQ(found().signing_region, "local");
  EXPECT_EQ(found().region, "local");
}

}  // namespace
}  // namespace slipway::cli
