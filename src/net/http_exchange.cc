#include "net/http_exchange.h"

#include <fmt/format.h>

#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/system/system_error.hpp>
#include <optional>

namespace slipway::net {

namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr std::size_t kReadBytes = 16 << 10;

// Fills a head and parts of a body from bytes.
class Parser final : public http::basic_parser<false> {
 public:
  Parser(HttpHead& head, std::string& part, const HttpBounds& bounds, bool is_head) : head_(head), part_(part) {
    header_limit(static_cast<std::uint32_t>(bounds.header_bytes));
    if (bounds.body_bytes) {
      body_limit(*bounds.body_bytes);
    } else {
      body_limit(boost::none);
    }
    eager(true);
    skip(is_head);
  }

 private:
  using View = boost::beast::string_view;

  void on_request_impl(http::verb, View, View, int, error_code&) override {}
  void on_response_impl(int status, View, int, error_code&) override { head_.status = status; }
  void on_field_impl(http::field, View name, View value, error_code&) override {
    if (!header_done_) head_.headers.emplace_back(std::string(name), std::string(value));  // no trailers
  }
  void on_header_impl(error_code&) override { header_done_ = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(View data, error_code&) override { return take(data); }
  void on_chunk_header_impl(std::uint64_t, View, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, View data, error_code&) override { return take(data); }
  void on_finish_impl(error_code&) override {}

  std::size_t take(View data) {
    part_ += data;
    return data.size();
  }

  HttpHead& head_;
  std::string& part_;
  bool header_done_ = false;
};

// A cancelled wait unwinds; it is no failure of the peer. Where the stream was closed meanwhile, its end is one.
boost::asio::awaitable<void> unwind_if_cancelled(const error_code& error) {
  if (error != boost::asio::error::operation_aborted) co_return;
  const auto state = co_await boost::asio::this_coro::cancellation_state;
  if (state.cancelled() != boost::asio::cancellation_type::none) throw boost::system::system_error(error);
}

}  // namespace

struct HttpExchange::Impl {
  ByteStream& stream;
  const std::string peer;
  const HttpBounds bounds;
  HttpHead head{};
  std::string part{};
  std::optional<Parser> parser{};
  std::string buffer{};  // received and not yet taken
  bool got_some = false;
  bool ended = false;  // the body ended where the connection did

  bool complete() const { return ended || parser->is_done(); }

  base::Error bad_answer(const error_code& error) const {
    const bool large = error == http::error::header_limit || error == http::error::body_limit;
    auto result =
        base::internal(large ? fmt::format("the answer of {} is larger than this program takes", peer)
                             : fmt::format("{} answers something that is no HTTP: {}", peer, error.message()));
    result.code = large ? "AnswerTooLarge" : "BadAnswer";
    return result;
  }

  base::Error lost(const error_code& error) const {
    return base::unavailable(
        fmt::format("the connection to {} was lost before its answer was complete: {}", peer, error.message()),
        "ConnectionFailed");
  }

  void begin(bool is_head) {
    head = {};
    part.clear();
    ended = false;
    parser.emplace(head, part, bounds, is_head);
  }

  // Gives the parser what there is; need_more where it has used all that it can.
  error_code put() {
    error_code error;
    if (buffer.empty()) return http::error::need_more;
    // See RequestParser: an assertion of Beast 1.81 fails on fewer.
    if (parser->is_header_done() && parser->chunked() && buffer.size() < 5) return http::error::need_more;
    buffer.erase(0, parser->put(boost::asio::const_buffer(buffer.data(), buffer.size()), error));
    return error;
  }

  boost::asio::awaitable<error_code> fill() {
    const auto old = buffer.size();
    buffer.resize(old + kReadBytes);
    const auto [error, count] = co_await stream.read_some(buffer.data() + old, kReadBytes);
    buffer.resize(old + count);
    co_await unwind_if_cancelled(error);
    got_some = got_some || count > 0;
    co_return error;
  }

  // One step further: what has come, or more of it.
  Task<void> go_on() {
    const auto before = buffer.size();
    const auto error = put();
    if (!error) co_return base::Result<void>();
    if (error != http::error::need_more) co_return bad_answer(error);
    // What was taken is to be had at once: the rest of its framing may come with the next part alone.
    if (buffer.size() < before) co_return base::Result<void>();
    // Beside the bytes of a body nothing waits here but a header, or the head of a chunk.
    if (buffer.size() > bounds.header_bytes) co_return bad_answer(http::error::header_limit);
    const auto failure = co_await fill();
    if (!failure) co_return base::Result<void>();
    const bool may_end_here = parser->is_header_done() && parser->need_eof();
    if (!may_end_here || failure != boost::asio::error::eof) co_return lost(failure);
    ended = true;
    co_return base::Result<void>();
  }
};

HttpExchange::HttpExchange(ByteStream& stream, std::string peer, HttpBounds bounds)
    : impl_(std::make_unique<Impl>(Impl{.stream = stream, .peer = std::move(peer), .bounds = bounds})) {}

HttpExchange::~HttpExchange() = default;

Task<void> HttpExchange::send(std::string bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const auto [error, count] = co_await impl_->stream.write_some(bytes.data() + sent, bytes.size() - sent);
    co_await unwind_if_cancelled(error);
    if (error) co_return impl_->lost(error);
    sent += count;
  }
  co_return base::Result<void>();
}

Task<HttpHead> HttpExchange::read_head(bool is_head) {
  auto& impl = *impl_;
  impl.begin(is_head);
  for (;;) {
    while (!impl.parser->is_header_done()) CO_TRY(co_await impl.go_on());
    if (impl.head.status / 100 != 1 || impl.head.status == 101) co_return std::move(impl.head);
    impl.begin(is_head);
  }
}

Task<std::string> HttpExchange::read_part() {
  auto& impl = *impl_;
  while (impl.part.empty() && !impl.complete()) CO_TRY(co_await impl.go_on());
  co_return std::exchange(impl.part, {});
}

std::string HttpExchange::take_rest() {
  return std::exchange(impl_->buffer, {});
}

bool HttpExchange::got_some() const {
  return impl_->got_some;
}

bool HttpExchange::keep_alive() const {
  const auto& parser = impl_->parser;
  return parser && parser->is_done() && parser->keep_alive() && !parser->need_eof() && impl_->buffer.empty();
}

}  // namespace slipway::net
