#pragma once
// HTTPS requests to others: the command line to its broker, later the broker to AWS. Keeps connections for the next
// request. Knows no signature and no service.

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/deadline.h"
#include "net/runtime.h"
#include "net/task.h"

namespace slipway::net {

struct ClientRequest {
  std::string method = "GET";
  std::string url;  // https://host[:port]/path?query, percent-encoded: goes out as it stands
  std::vector<std::pair<std::string, std::string>> headers{};  // Host and Content-Length are added where missing
  std::string body{};
  // Takes the body of a 2xx answer as it comes, instead of ClientResponse::body: for one that has no end.
  std::function<void(std::string_view)> on_body{};
};

struct ClientResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // as received, in order
  std::string body;

  // First header of that name (any case), or null.
  const std::string* header(std::string_view name) const;
};

struct HttpClientSettings {
  std::filesystem::path ca_file{};              // PEM; empty: the system's store
  std::size_t header_bytes = 64 << 10;          // bound of an answer's header
  std::size_t body_bytes = 16 << 20;            // bound of an answer's body
  std::size_t idle_connections = 8;             // kept per host and port
  std::chrono::milliseconds idle_time{20'000};  // older ones are not used again
};

class HttpClient {
 public:
  HttpClient(Runtime& runtime, HttpClientSettings settings);
  ~HttpClient();

  // Sends one request and reads the whole answer; any status is a success here. Redirects are not followed. A kept
  // connection that turns out to be dead is replaced once, where the method is idempotent.
  // Errors: invalid (URL), unavailable with code NameNotFound, ConnectionRefused, ConnectionFailed, CertificateRefused
  // (the reason in the message) or TlsFailed; timed_out at `deadline`; internal with code BadAnswer or AnswerTooLarge.
  // Cancellation unwinds as an exception. Many may run at once.
  Task<ClientResponse> request(ClientRequest request, Deadline deadline);

  // Closes kept connections. Requests under way go on.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::net
