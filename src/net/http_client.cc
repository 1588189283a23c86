#include "net/http_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <map>
#include <optional>

#include "base/text.h"
#include "net/http_exchange.h"
#include "net/tls_stream.h"

namespace slipway::net {

namespace {
// A TLS connection as a sequence of bytes.
class TlsBytes final : public ByteStream {
 public:
  explicit TlsBytes(TlsStream& stream) : stream_(stream) {}

  boost::asio::awaitable<IoResult> read_some(char* data, std::size_t size) override {
    return stream_.read_some(data, size);
  }
  boost::asio::awaitable<IoResult> write_some(const char* data, std::size_t size) override {
    return stream_.write_some(data, size);
  }
  boost::asio::awaitable<void> end_sending() override { return stream_.say_goodbye(); }
  void close() override { stream_.close(); }

 private:
  TlsStream& stream_;
};

struct Place {
  std::string host;
  std::string port;
  std::string authority;  // as the URL has it: the Host header
  std::string target;
};

base::Result<Place> parse_place(const std::string& url) {
  const auto parsed = boost::urls::parse_uri(url);
  if (!parsed) return base::invalid(fmt::format("\"{}\" is no URL: {}", url, parsed.error().message()));
  if (parsed->scheme() != "https") return base::invalid(fmt::format("\"{}\" does not begin with https://", url));
  Place place;
  place.host = parsed->host_address();
  place.port = parsed->has_port() ? std::string(parsed->port()) : "443";
  place.authority = std::string(parsed->encoded_host_and_port());
  place.target = std::string(parsed->encoded_target());
  if (place.host.empty()) return base::invalid(fmt::format("\"{}\" has no host", url));
  if (!place.target.starts_with('/')) place.target.insert(0, "/");
  return place;
}

bool is_plain(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

bool has_header(const ClientRequest& request, std::string_view name) {
  return std::ranges::any_of(request.headers, [&](const auto& header) { return base::lower(header.first) == name; });
}

base::Result<std::string> serialize(const ClientRequest& request, const Place& place) {
  auto wire = fmt::format("{} {} HTTP/1.1\r\n", request.method, place.target);
  if (!has_header(request, "host")) wire += fmt::format("Host: {}\r\n", place.authority);
  for (const auto& [name, value] : request.headers) {
    if (!is_plain(name) || !is_plain(value)) return base::invalid(fmt::format("header {} has a line break", name));
    wire += fmt::format("{}: {}\r\n", name, value);
  }
  const bool sends =
      !request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (sends && !has_header(request, "content-length"))
    wire += fmt::format("Content-Length: {}\r\n", request.body.size());
  return wire + "\r\n" + request.body;
}

bool is_idempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" || method == "OPTIONS";
}

using OnBody = std::function<void(std::string_view)>;

// One request and its answer on one connection.
class Exchange {
 public:
  Exchange(TlsStream& stream, const HttpClientSettings& settings, const Place& place, bool is_head,
           const OnBody& on_body)
      : bytes_(stream),
        http_(bytes_, place.authority, bounds(settings, on_body)),
        is_head_(is_head),
        on_body_(on_body) {}

  Task<ClientResponse> run(std::string wire) {
    // A server that refuses a large body may answer and stop reading: what it says counts, not that it stopped.
    auto sent = co_await http_.send(std::move(wire));
    auto response = co_await read();
    if (!response && !sent && !got_some()) co_return std::move(sent).error();
    co_return response;
  }

  bool got_some() const { return http_.got_some(); }
  bool keep_alive() const { return http_.keep_alive(); }

 private:
  // What is handed on needs no bound.
  static HttpBounds bounds(const HttpClientSettings& settings, const OnBody& on_body) {
    HttpBounds bounds{.header_bytes = settings.header_bytes};
    if (!on_body) bounds.body_bytes = settings.body_bytes;
    return bounds;
  }

  Task<ClientResponse> read() {
    auto head = CO_TRY(co_await http_.read_head(is_head_));
    ClientResponse response{.status = head.status, .headers = std::move(head.headers), .body = {}};
    const bool hands_on = on_body_ && response.status / 100 == 2;
    for (;;) {
      const auto part = CO_TRY(co_await http_.read_part());
      if (part.empty()) co_return response;
      if (hands_on) {
        on_body_(part);
      } else {
        response.body += part;
      }
    }
  }

  TlsBytes bytes_;
  HttpExchange http_;
  bool is_head_;
  const OnBody& on_body_;
};
}  // namespace

const std::string* ClientResponse::header(std::string_view name) const {
  const auto wanted = base::lower(name);
  for (const auto& [key, value] : headers) {
    if (base::lower(key) == wanted) return &value;
  }
  return nullptr;
}

struct HttpClient::Impl {
  struct Idle {
    TlsStream stream;
    Deadline until;
  };

  Runtime& runtime;
  HttpClientSettings settings;
  TlsContext tls;
  std::map<std::string, std::vector<Idle>> idle;  // by authority; the freshest last

  base::Result<TlsContext> context() {
    if (!tls) tls = TRY(make_client_tls(settings.ca_file));
    return tls;
  }

  std::optional<TlsStream> take(const Place& place) {
    auto& kept = idle[place.authority];
    while (!kept.empty()) {
      auto last = std::move(kept.back());
      kept.pop_back();
      if (last.until > std::chrono::steady_clock::now() && last.stream.is_quiet()) return std::move(last.stream);
    }
    return std::nullopt;
  }

  void keep(const Place& place, TlsStream stream) {
    auto& kept = idle[place.authority];
    if (kept.size() >= settings.idle_connections) kept.erase(kept.begin());
    if (settings.idle_connections > 0) kept.push_back({std::move(stream), in(settings.idle_time)});
  }

  Task<ClientResponse> exchange(std::string method, std::string wire, Place place, OnBody on_body) {
    auto kept = take(place);
    if (kept) {
      Exchange exchange(*kept, settings, place, method == "HEAD", on_body);
      auto response = co_await exchange.run(wire);
      if (response && exchange.keep_alive()) keep(place, std::move(*kept));
      if (response || exchange.got_some() || !is_idempotent(method)) co_return response;
    }
    const auto tls_context = CO_TRY(context());
    auto stream = CO_TRY(co_await TlsStream::connect(runtime, place.host, place.port, tls_context));
    Exchange exchange(stream, settings, place, method == "HEAD", on_body);
    auto response = co_await exchange.run(std::move(wire));
    if (response && exchange.keep_alive()) keep(place, std::move(stream));
    co_return response;
  }
};

HttpClient::HttpClient(Runtime& runtime, HttpClientSettings settings)
    : impl_(std::make_unique<Impl>(Impl{runtime, std::move(settings), {}, {}})) {}

HttpClient::~HttpClient() = default;

Task<ClientResponse> HttpClient::request(ClientRequest request, Deadline deadline) {
  auto place = CO_TRY(parse_place(request.url));
  auto wire = CO_TRY(serialize(request, place));
  auto late = fmt::format("{} did not answer in time", place.authority);
  co_return co_await with_deadline<ClientResponse>(impl_->runtime, deadline, std::move(late), [&] {
    return impl_->exchange(std::move(request.method), std::move(wire), std::move(place), std::move(request.on_body));
  });
}

void HttpClient::stop() {
  impl_->idle.clear();
}

}  // namespace slipway::net
