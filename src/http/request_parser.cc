#include "http/request_parser.h"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <optional>

#include "base/text.h"
#include "http/target.h"

namespace slipway::http {

namespace beast_http = boost::beast::http;
using beast_http::field;
using boost::system::error_code;

namespace {
using View = boost::beast::string_view;

// Beast's parser with our Request at its other end. It sets `refusal_status` where it ends the parsing by itself.
class Parser final : public beast_http::basic_parser<true> {
 public:
  Parser(Request& request, const RequestParser::Bounds& bounds) : request_(request), bounds_(bounds) {
    header_limit(static_cast<std::uint32_t>(bounds.header_bytes));
    body_limit(bounds.body_bytes);
    eager(false);
  }

  Refusal refusal{.status = 0, .message = {}};
  bool http_1_0 = false;
  bool expects_continue = false;
  bool got_body = false;
  bool streams = false;

 private:
  void refuse(int status, std::string_view message, error_code& error) {
    refusal = {.status = status, .message = std::string(message)};
    error = beast_http::error::bad_value;
  }

  base::Result<Target> parse() const {
    auto parsed = http::parse_target(request_.target);
    if (parsed || !bounds_.hands_on) return parsed;
    auto foreign = parse_foreign_target(request_.target);
    return foreign && bounds_.hands_on(foreign->path) ? std::move(foreign) : std::move(parsed);
  }

  void on_request_impl(beast_http::verb, View method, View target, int version, error_code& error) override {
    request_.method = method;
    request_.target = target;
    http_1_0 = version == 10;
    if (method == "CONNECT" || method == "TRACE") return refuse(405, "Method Not Allowed", error);
    auto parsed = parse();
    if (!parsed) return refuse(400, parsed.error().message, error);
    request_.path = std::move(parsed->path);
    request_.query = std::move(parsed->query);
    streams = bounds_.hands_on && bounds_.hands_on(request_.path);
    if (streams) {
      body_limit(boost::none);
    } else if (bounds_.upload_limit) {
      body_limit(std::max(bounds_.body_bytes, bounds_.upload_limit(request_.path)));
    }
  }

  void on_response_impl(int, View, int, error_code&) override {}

  void on_field_impl(field name, View text, View value, error_code& error) override {
    if (header_done_) return;  // a trailer: nobody here asked for one
    switch (name) {
      case field::host:
        if (++hosts_ > 1) return refuse(400, "The Host header stands twice.", error);
        break;
      case field::content_length:
        if (++lengths_ > 1) return refuse(400, "The Content-Length header stands twice.", error);
        if (value.find(',') != View::npos) return refuse(400, "Content-Length is malformed.", error);
        break;
      case field::transfer_encoding:
        ++encodings_;
        if (base::lower(value) != "chunked") {
          return refuse(501, "The only transfer coding that is supported is chunked.", error);
        }
        break;
      case field::expect:
        if (base::lower(value) != "100-continue") return refuse(417, "Expectation Failed", error);
        expects_continue = !http_1_0;
        break;
      default:
        break;
    }
    request_.headers.emplace_back(std::string(text), std::string(value));
  }

  void on_header_impl(error_code& error) override {
    header_done_ = true;
    if (hosts_ == 0 && !http_1_0) return refuse(400, "The Host header is missing.", error);
    if (encodings_ > 0 && (lengths_ > 0 || http_1_0)) {
      return refuse(400, "Transfer-Encoding and Content-Length, or HTTP/1.0, exclude each other.", error);
    }
  }

  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code& error) override {
    if (!length || streams) return;
    take_room(*length, error);
    if (!error) request_.body.reserve(static_cast<std::size_t>(*length));
  }
  std::size_t on_body_impl(View data, error_code& error) override { return add(data, error); }
  void on_chunk_header_impl(std::uint64_t, View, error_code&) override { got_body = true; }
  std::size_t on_chunk_body_impl(std::uint64_t, View data, error_code& error) override { return add(data, error); }
  void on_finish_impl(error_code&) override {}

  std::size_t add(View data, error_code& error) {
    got_body = true;
    if (!streams) take_room(request_.body.size() + data.size(), error);
    if (error) return 0;
    request_.body += data;
    return data.size();
  }

  // A body of `bytes` is an upload where other bodies may not have as many.
  void take_room(std::uint64_t bytes, error_code& error) {
    if (is_upload_ || bytes <= bounds_.body_bytes || !bounds_.begin_upload) return;
    is_upload_ = true;
    if (bounds_.begin_upload()) return;
    refuse(429, "Too many uploads are being received. Try again in a second.", error);
    refusal.headers.emplace_back("Retry-After", "1");
  }

  Request& request_;
  const RequestParser::Bounds& bounds_;
  bool header_done_ = false;
  bool is_upload_ = false;
  int hosts_ = 0;
  int lengths_ = 0;
  int encodings_ = 0;
};

Refusal too_large_header() {
  return {431, "The request line and headers are too large."};
}

Refusal refusal_of(const error_code& error) {
  if (error == beast_http::error::header_limit) return too_large_header();
  if (error == beast_http::error::body_limit) return {413, "The request body is too large."};
  if (error == beast_http::error::bad_version) return {505, "The protocol is HTTP/1.1."};
  return {400, "The request is no HTTP: " + error.message() + "."};
}
}  // namespace

struct RequestParser::Impl {
  Bounds bounds;
  Request request;
  std::optional<Parser> parser;
  State state = State::nothing;
  Refusal refusal;
  std::size_t header_taken = 0;  // bytes

  void refuse(Refusal why) {
    refusal = std::move(why);
    state = State::refused;
  }

  // Takes what Beast can use now; false where it needs more.
  bool step(std::string_view bytes, std::size_t& taken) {
    const bool was_header = state == State::header;
    const auto body_before = request.body.size();
    const auto rest = bytes.substr(taken);
    // At least 5 bytes of a chunked body are always still to come (the last chunk, "0\r\n\r\n"). With fewer, an
    // assertion of Beast 1.81 fails when the last chunk comes in pieces.
    if (!was_header && parser->chunked() && rest.size() < 5) return false;
    error_code error;
    const auto count = parser->put(boost::asio::const_buffer(rest.data(), rest.size()), error);
    taken += count;
    if (was_header) header_taken += count;
    const bool waits = error == beast_http::error::need_more;
    const auto waiting = waits ? rest.size() - count : 0;
    if (parser->refusal.status != 0) {
      refuse(std::move(parser->refusal));
    } else if (error && !waits) {
      refuse(refusal_of(error));
    } else if (was_header && header_taken + waiting > bounds.header_bytes) {
      refuse(too_large_header());
    } else if (!was_header && request.body.size() == body_before && count + waiting > bounds.header_bytes) {
      refuse(too_large_header());  // the head of a chunk, or the trailers
    } else if (parser->is_done()) {
      state = State::complete;
    } else if (parser->is_header_done()) {
      state = State::body;
    }
    return !error && taken < bytes.size();
  }
};

RequestParser::RequestParser(Bounds bounds) : impl_(std::make_unique<Impl>()) {
  impl_->bounds = bounds;
  reset();
}

RequestParser::~RequestParser() = default;

void RequestParser::reset() {
  impl_->request = {};
  impl_->parser.emplace(impl_->request, impl_->bounds);
  impl_->state = State::nothing;
  impl_->header_taken = 0;
}

std::size_t RequestParser::put(std::string_view bytes) {
  std::size_t taken = 0;
  if (state() == State::nothing) {
    // RFC 9112, section 2.2: at least one empty line before the request line is to be ignored.
    while (bytes.substr(taken).starts_with("\r\n")) taken += 2;
    if (taken == bytes.size() || bytes.substr(taken) == "\r") return taken;
    impl_->state = State::header;
  }
  while (state() == State::header || state() == State::body) {
    if (!impl_->step(bytes, taken)) break;
  }
  return taken;
}

RequestParser::State RequestParser::state() const {
  return impl_->state;
}
const Refusal& RequestParser::refusal() const {
  return impl_->refusal;
}
bool RequestParser::wants_continue() const {
  return impl_->state == State::body && impl_->parser->expects_continue && !impl_->parser->got_body;
}
Request& RequestParser::request() {
  return impl_->request;
}
bool RequestParser::is_http_1_0() const {
  return impl_->parser->http_1_0;
}
bool RequestParser::streams() const {
  return impl_->parser->streams;
}
bool RequestParser::keep_alive() const {
  return impl_->state == State::complete && impl_->parser->keep_alive();
}

}  // namespace slipway::http
