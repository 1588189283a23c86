#include "net/http_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/system/system_error.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <map>
#include <optional>

#include "base/text.h"
#include "net/tls_stream.h"

namespace slipway::net {

namespace http = boost::beast::http;
using boost::system::error_code;

namespace {
constexpr std::size_t kReadBytes = 16 << 10;

// Fills a ClientResponse from bytes.
class ResponseParser final : public http::basic_parser<false> {
 public:
  using OnBody = std::function<void(std::string_view)>;

  ResponseParser(ClientResponse& response, const HttpClientSettings& settings, bool is_head, const OnBody& on_body)
      : response_(response), on_body_(on_body) {
    header_limit(static_cast<std::uint32_t>(settings.header_bytes));
    // What is handed on needs no bound.
    if (on_body) {
      body_limit(boost::none);
    } else {
      body_limit(settings.body_bytes);
    }
    eager(true);
    skip(is_head);
  }

 private:
  using View = boost::beast::string_view;

  void on_request_impl(http::verb, View, View, int, error_code&) override {}
  void on_response_impl(int status, View, int, error_code&) override { response_.status = status; }
  void on_field_impl(http::field, View name, View value, error_code&) override {
    if (!header_done_) response_.headers.emplace_back(std::string(name), std::string(value));  // no trailers
  }
  void on_header_impl(error_code&) override { header_done_ = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(View data, error_code&) override { return take(data); }
  void on_chunk_header_impl(std::uint64_t, View, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, View data, error_code&) override { return take(data); }
  void on_finish_impl(error_code&) override {}

  std::size_t take(View data) {
    if (on_body_ && response_.status / 100 == 2) {
      on_body_(data);
    } else {
      response_.body += data;
    }
    return data.size();
  }

  ClientResponse& response_;
  const OnBody& on_body_;
  bool header_done_ = false;
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

base::Error bad_answer(const Place& place, const error_code& error) {
  const bool large = error == http::error::body_limit || error == http::error::header_limit;
  auto result =
      base::internal(large ? fmt::format("the answer of {} is larger than this program takes", place.authority)
                           : fmt::format("{} answers something that is no HTTP: {}", place.authority, error.message()));
  result.code = large ? "AnswerTooLarge" : "BadAnswer";
  return result;
}

base::Error lost(const Place& place, const error_code& error) {
  return base::unavailable(
      fmt::format("the connection to {} was lost before its answer was complete: {}", place.authority, error.message()),
      "ConnectionFailed");
}

// A cancelled wait unwinds; it is no failure of the peer.
void unwind_if_cancelled(const error_code& error) {
  if (error == boost::asio::error::operation_aborted) throw boost::system::system_error(error);
}

// One request and its answer on one connection.
class Exchange {
 public:
  Exchange(TlsStream& stream, const HttpClientSettings& settings, const Place& place, bool is_head,
           const ResponseParser::OnBody& on_body)
      : stream_(stream), settings_(settings), place_(place), is_head_(is_head), on_body_(on_body) {}

  Task<ClientResponse> run(std::string wire) {
    // A server that refuses a large body may answer and stop reading: what it says counts, not that it stopped.
    const auto write_failure = co_await write(std::move(wire));
    auto response = co_await read();
    if (!response && write_failure && !got_some_) co_return lost(place_, write_failure);
    co_return response;
  }

  bool got_some() const { return got_some_; }
  bool keep_alive() const { return keep_alive_; }

 private:
  boost::asio::awaitable<error_code> write(std::string wire) {
    for (std::size_t sent = 0; sent < wire.size();) {
      const auto [error, count] = co_await stream_.write_some(wire.data() + sent, wire.size() - sent);
      unwind_if_cancelled(error);
      if (error) co_return error;
      sent += count;
    }
    co_return error_code();
  }

  Task<ClientResponse> read() {
    ClientResponse response;
    std::optional<ResponseParser> parser(std::in_place, response, settings_, is_head_, on_body_);
    for (;;) {
      const auto error = put(*parser);
      if (error && error != http::error::need_more) co_return bad_answer(place_, error);
      if (parser->is_done() && response.status / 100 == 1) {
        response = {};
        parser.emplace(response, settings_, is_head_, on_body_);
        if (!buffer_.empty()) continue;
      }
      if (parser->is_done()) break;
      if (buffer_.size() > settings_.header_bytes) co_return bad_answer(place_, http::error::header_limit);
      const auto failure = co_await fill();
      if (!failure) continue;
      const bool may_end_here = parser->is_header_done() && parser->need_eof();
      if (!may_end_here || failure != boost::asio::error::eof) co_return lost(place_, failure);
      break;  // the answer ends where the connection does
    }
    keep_alive_ = parser->keep_alive() && !parser->need_eof() && buffer_.empty();
    co_return response;
  }

  error_code put(ResponseParser& parser) {
    error_code error;
    if (buffer_.empty()) return http::error::need_more;
    // See RequestParser: an assertion of Beast 1.81 fails on fewer.
    if (parser.is_header_done() && parser.chunked() && buffer_.size() < 5) return http::error::need_more;
    buffer_.erase(0, parser.put(boost::asio::const_buffer(buffer_.data(), buffer_.size()), error));
    return error;
  }

  boost::asio::awaitable<error_code> fill() {
    const auto old = buffer_.size();
    buffer_.resize(old + kReadBytes);
    const auto [error, count] = co_await stream_.read_some(buffer_.data() + old, kReadBytes);
    buffer_.resize(old + count);
    unwind_if_cancelled(error);
    got_some_ = got_some_ || count > 0;
    co_return error;
  }

  TlsStream& stream_;
  const HttpClientSettings& settings_;
  const Place& place_;
  bool is_head_;
  const ResponseParser::OnBody& on_body_;
  std::string buffer_;
  bool got_some_ = false;
  bool keep_alive_ = false;
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

  Task<ClientResponse> exchange(std::string method, std::string wire, Place place, ResponseParser::OnBody on_body) {
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
