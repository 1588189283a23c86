#pragma once
// The API as commands see it: a signed call in, JSON or an Error with the server's own words out. Blocking. Knows no
// socket: a Transport carries the bytes, which tests replace.

#include <boost/json/value.hpp>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cli/connection.h"
#include "sigv4/request.h"

namespace slipway::cli {

struct WireRequest {
  std::string method;
  std::string url = {};  // absolute
  sigv4::Headers headers = {};
  std::string body = {};
  std::function<void(std::string_view)> on_body = {};  // takes the body of a 2xx answer as it comes, however long
};

struct WireResponse {
  int status = 0;
  sigv4::Headers headers;
  std::string body;
};

// One exchange, whatever the status. Errors: unavailable (cannot connect, connection lost), timed_out, invalid (the
// certificate is not trusted).
using Transport = std::function<base::Result<WireResponse>(const WireRequest&)>;

struct Call {
  std::string method;
  std::string path;  // "/v3/clusters", segments percent-encoded
  std::vector<std::pair<std::string, std::string>> query = {};
  std::optional<boost::json::value> body = {};
  sigv4::Headers headers = {};
  std::function<void(std::string_view)> on_body = {};  // see WireRequest
};

struct Answer {
  int status = 0;
  boost::json::value body;  // null where there is none, a string where it is no JSON
};

class Client {
 public:
  Client(Connection connection, Transport transport, const base::Clock& clock = base::system_clock());

  // Any answer, whatever its status. Errors: unavailable where a 2xx answer is no JSON.
  base::Result<Answer> send(const Call& call) const;
  // The body of a 2xx answer; else an Error whose kind follows the status.
  base::Result<boost::json::value> call(const Call& call) const;
  // Every page of a list: the items at /`member` of each, in order.
  base::Result<boost::json::array> all_pages(Call call, const std::string& member) const;

  const Connection& connection() const { return connection_; }

 private:
  base::Result<WireRequest> signed_request(const Call& call) const;

  Connection connection_;
  Transport transport_;
  const base::Clock& clock_;
};

// "/v3/clusters/NAME" + `rest`.
std::string cluster_path(const std::string& name, std::string_view rest = {});

}  // namespace slipway::cli
