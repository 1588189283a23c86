#include <gtest/gtest.h>

#include "http/server.h"

namespace slipway::http {
namespace {

using namespace std::chrono_literals;

struct Outcome {
  ServerSettings settings;
  std::string mistakes;
};

Outcome read(std::string file, std::map<std::string, std::string> overrides = {}) {
  config::Reader reader({std::move(file), "s.yaml", {}, std::move(overrides)});
  Outcome outcome;
  read_settings(reader.root(), outcome.settings);
  const auto finished = reader.finish();
  if (!finished) outcome.mistakes = finished.error().message;
  return outcome;
}

TEST(HttpSettings, ListenOnThisMachineAloneWhereNobodySaysOtherwise) {
  const auto outcome = read("");
  EXPECT_EQ(outcome.mistakes, "");
  ASSERT_EQ(outcome.settings.listeners.size(), 1U);
  EXPECT_EQ(outcome.settings.listeners[0].address, "127.0.0.1");
  EXPECT_EQ(outcome.settings.listeners[0].port, 8443);
  EXPECT_TRUE(outcome.settings.listeners[0].certificates.empty());
  EXPECT_EQ(outcome.settings.limits.body_bytes, 1U << 20);
}

TEST(HttpSettings, ReadLimitsAndTheShortFormOfOneListener) {
  const auto outcome = read(
      "http: {header_limit: 32KiB, body_limit: 2MiB, request_time: 5s, requests_in_flight: 7}\n"
      "listen: '[::1]:0'\n"
      "tls: {certificate: /c.pem, key: /c.key, more: [{certificate: /d.pem, key: /d.key}]}\n"
      "public_url: https://broker.example.org\n");
  EXPECT_EQ(outcome.mistakes, "");
  const auto& settings = outcome.settings;
  EXPECT_EQ(settings.limits.header_bytes, 32U << 10);
  EXPECT_EQ(settings.limits.request_time, 5s);
  EXPECT_EQ(settings.limits.requests_in_flight, 7);
  EXPECT_EQ(settings.listeners[0].address, "::1");
  EXPECT_EQ(settings.listeners[0].port, 0);
  ASSERT_EQ(settings.listeners[0].certificates.size(), 2U);
  EXPECT_EQ(settings.listeners[0].certificates[1].key, "/d.key");
}

TEST(HttpSettings, ReadSeveralListenersOfWhichTheFlagMovesTheFirst) {
  const std::string file =
      "listeners:\n"
      "  - {listen: '10.0.0.1:443', surfaces: [parallelcluster], tls: {certificate: /a, key: /b}}\n"
      "  - {listen: ':9443'}\n";
  auto settings = read(file).settings;
  ASSERT_EQ(settings.listeners.size(), 2U);
  EXPECT_EQ(settings.listeners[0].address, "10.0.0.1");
  EXPECT_EQ(settings.listeners[0].surfaces, std::vector<std::string>{"parallelcluster"});
  EXPECT_EQ(settings.listeners[1].address, "::");
  settings = read(file, {{"listen", "127.0.0.1:1"}}).settings;
  EXPECT_EQ(settings.listeners[0].port, 1);
  EXPECT_EQ(settings.listeners[0].surfaces.size(), 1U);
}

TEST(HttpSettings, NameEveryMistake) {
  const auto outcome = read(
      "http: {body_limit: 1}\n"
      "listen: here\n"
      "tls: {certificate: /a}\n"
      "public_url: http://x\n");
  EXPECT_EQ(outcome.mistakes,
            "s.yaml:1:20: http.body_limit: 1 is too small: at least 1KiB\n"
            "s.yaml:4:13: public_url: must begin with https://\n"
            "s.yaml:2:9: listen: \"here\" is no place to listen: write ADDRESS:PORT, such as 127.0.0.1:8443\n"
            "settings: tls.key: certificate and key are given together");
}

TEST(HttpSettings, ReadPlacesToListen) {
  EXPECT_EQ(parse_listen("localhost:1")->address, "127.0.0.1");
  EXPECT_EQ(parse_listen("0.0.0.0:65535")->port, 65535);
  for (const auto* wrong : {"", "8443", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:-1",
                            "::1:8443", "127.0.0.1:8443 "}) {
    EXPECT_FALSE(parse_listen(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace slipway::http
