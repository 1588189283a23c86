#include "cli/client.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/text.h"
#include "cli/api_error.h"
#include "sigv4/signer.h"

namespace slipway::cli {

namespace {

namespace json = boost::json;

struct Split {
  std::string authority;  // host and port, as the Host header says it
  std::string path;       // of a deployment below a path, such as /prod
};

Split split_url(std::string_view url) {
  auto rest = url.substr(url.find("://") + 3);
  auto slash = rest.find('/');
  Split split{std::string(rest.substr(0, slash)),
              slash == std::string_view::npos ? "" : std::string(rest.substr(slash))};
  if (split.authority.ends_with(":443")) split.authority.resize(split.authority.size() - 4);
  return split;
}

json::value parse_body(const std::string& text) {
  if (text.empty()) return nullptr;
  boost::system::error_code failed;
  auto value = json::parse(text, failed);
  return failed ? json::value(text) : value;
}

base::Error strange_answer(const std::string& url, std::string_view what) {
  return base::unavailable(fmt::format("What answers on {} {}: is it a Slipway broker?", url, what));
}

}  // namespace

Client::Client(Connection connection, Transport transport, const base::Clock& clock)
    : connection_(std::move(connection)), transport_(std::move(transport)), clock_(clock) {}

base::Result<WireRequest> Client::signed_request(const Call& call) const {
  auto server = split_url(connection_.url);
  auto query = call.query;
  // Only what a person asked for: AWS_REGION says where a request is signed, not where clusters shall live.
  if (!connection_.region.empty() && call.path.starts_with("/v3/")) query.emplace_back("region", connection_.region);
  std::string target = server.path + call.path;
  char separator = '?';
  for (const auto& [name, value] : query) {
    target +=
        fmt::format("{}{}={}", std::exchange(separator, '&'), base::percent_encode(name), base::percent_encode(value));
  }
  WireRequest request{.method = call.method, .headers = {{"Host", server.authority}}};
  request.url = connection_.url.substr(0, connection_.url.size() - server.path.size()) + target;
  request.headers.emplace_back("Accept", call.on_body ? "text/event-stream" : "application/json");
  request.headers.insert(request.headers.end(), call.headers.begin(), call.headers.end());
  request.on_body = call.on_body;
  if (call.body) {
    request.body = json::serialize(*call.body);
    request.headers.emplace_back("Content-Type", "application/json");
  }
  sigv4::Request to_sign{request.method, target, request.headers, request.body};
  sigv4::Scope scope{connection_.signing_region, "execute-api", clock_.now()};
  auto made = TRY(sigv4::Signer().sign(to_sign, connection_.credentials.credentials, scope));
  for (auto& header : made.headers) request.headers.push_back(std::move(header));
  return request;
}

base::Result<Answer> Client::send(const Call& call) const {
  auto request = TRY(signed_request(call));
  auto response = TRY(transport_(request));
  Answer answer{response.status, parse_body(response.body)};
  // Every answer is an object: no text is one. Of a refusal the status tells enough.
  if (answer.status / 100 == 2 && answer.body.is_string()) {
    return strange_answer(connection_.url, "sends what is no JSON");
  }
  return answer;
}

base::Result<json::value> Client::call(const Call& call) const {
  auto answer = TRY(send(call));
  if (answer.status / 100 != 2) return error_of(answer, connection_);
  return std::move(answer.body);
}

base::Result<json::array> Client::all_pages(Call call, const std::string& member) const {
  json::array all;
  auto query = call.query;
  for (;;) {
    auto page = TRY(this->call(call));
    auto* object = page.if_object();
    auto* items = object ? object->if_contains(member) : nullptr;
    if (!items || !items->is_array()) return strange_answer(connection_.url, fmt::format("names no {}", member));
    for (auto& item : items->get_array()) all.push_back(std::move(item));
    auto* next = object->if_contains("nextToken");
    // A page may be empty and still not be the last one.
    if (!next || !next->is_string() || next->get_string().empty()) return all;
    std::pair<std::string, std::string> token{"nextToken", next->get_string()};
    if (!call.query.empty() && call.query.back() == token) {
      return strange_answer(connection_.url, "gives the same page again and again");
    }
    call.query = query;
    call.query.push_back(std::move(token));
  }
}

std::string cluster_path(const std::string& name, std::string_view rest) {
  return fmt::format("/v3/clusters/{}{}", base::percent_encode(name), rest);
}

}  // namespace slipway::cli
