// Signing and verifying one request of the usual size, with the derived key in the cache and without.

#include <benchmark/benchmark.h>

#include "sigv4/signer.h"
#include "sigv4/verifier.h"

namespace slipway::sigv4 {
namespace {

const base::Time kTime = std::chrono::sys_days(std::chrono::year(2026) / 3 / 1);
const Credentials kCredentials{.access_key_id = "AKIAIOSFODNN7EXAMPLE",
                               .secret = base::Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
                               .session_token = {}};
const Scope kScope{.region = "eu-west-2", .service = "execute-api", .time = kTime, .rules = {}};

// What botocore sends to DescribeCluster, respectively to CreateCluster.
Headers plain_headers() {
  return {{"Host", "127.0.0.1:8443"},
          {"User-Agent", "Boto3/1.26 botocore"},
          {"Accept", "application/json"},
          {"Content-Type", "application/json"},
          {"Accept-Encoding", "identity"}};
}

struct Example {
  explicit Example(std::size_t body_bytes) : body(body_bytes, 'x'), headers(plain_headers()) {}
  Request request() const {
    return {.method = "GET", .target = "/v3/clusters/first-cluster?region=eu-west-2", .headers = headers, .body = body};
  }
  std::string body;
  Headers headers;
};

Example signed_example(std::size_t body_bytes) {
  Example example(body_bytes);
  const auto result = Signer().sign(example.request(), kCredentials, kScope);
  for (const auto& header : result->headers) example.headers.push_back(header);
  return example;
}

void check(benchmark::State& state, bool good) {
  if (!good) state.SkipWithError("refused");
}

void sign(benchmark::State& state) {
  const Example example(static_cast<std::size_t>(state.range(0)));
  Signer signer;
  for (auto _ : state) check(state, signer.sign(example.request(), kCredentials, kScope).has_value());
}
BENCHMARK(sign)->ArgName("body_bytes")->Arg(0)->Arg(2048);

void sign_without_cached_key(benchmark::State& state) {
  const Example example(0);
  for (auto _ : state) check(state, Signer().sign(example.request(), kCredentials, kScope).has_value());
}
BENCHMARK(sign_without_cached_key);

void verify(benchmark::State& state) {
  const auto example = signed_example(static_cast<std::size_t>(state.range(0)));
  Verifier verifier({.service = "execute-api", .region = {}, .rules = {}});
  for (auto _ : state) {
    const auto claim = verifier.parse(example.request());
    check(state, claim && verifier.check(*claim, kCredentials.secret, kTime));
  }
}
BENCHMARK(verify)->ArgName("body_bytes")->Arg(0)->Arg(2048);

void verify_without_cached_key(benchmark::State& state) {
  const auto example = signed_example(0);
  Verifier verifier({.service = "execute-api", .region = {}, .rules = {}});
  for (auto _ : state) {
    verifier.forget(kCredentials.access_key_id);
    const auto claim = verifier.parse(example.request());
    check(state, claim && verifier.check(*claim, kCredentials.secret, kTime));
  }
}
BENCHMARK(verify_without_cached_key);

}  // namespace
}  // namespace slipway::sigv4

BENCHMARK_MAIN();
