// Bodies that are read or written over time, and connections that are handed over; see streaming.h.
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <exception>

#include "http/session.h"

namespace slipway::http {

namespace asio = boost::asio;

// One chunk at a time, in the framing of RFC 9112, section 7.1; to HTTP/1.0 as it is.
class Session::ChunkWriter final : public BodyWriter {
 public:
  ChunkWriter(Session& session, bool chunked) : session_(session), chunked_(chunked) {}

  asio::awaitable<bool> write(std::string chunk) override {
    if (!whole_) co_return false;
    if (chunk.empty()) co_return true;
    bytes_ += chunk.size();
    if (chunked_) chunk = fmt::format("{:x}\r\n{}\r\n", chunk.size(), chunk);
    whole_ = false;  // until it is: a cancellation may unwind from here
    whole_ = co_await session_.write_in_parts(chunk.data(), chunk.size());
    co_return whole_;
  }

  void cut_off() override { whole_ = false; }

  asio::awaitable<bool> finish() {
    static constexpr std::string_view kEnd = "0\r\n\r\n";
    if (whole_ && chunked_) whole_ = co_await session_.write_in_parts(kEnd.data(), kEnd.size());
    co_return whole_;
  }

  std::size_t bytes() const { return bytes_; }

 private:
  Session& session_;
  bool chunked_;
  bool whole_ = true;  // what was written are whole chunks
  std::size_t bytes_ = 0;
};

asio::awaitable<bool> Session::receive_more() {
  // Beside the deadline of an answer that is being written.
  receive_deadline_ = std::chrono::steady_clock::now() + house_.limits.request_time;
  // Also where who reads has given up, and this unwinds.
  const std::shared_ptr<void> received(nullptr, [this](void*) { receive_deadline_ = Time::max(); });
  co_return co_await tell_to_go_on() && co_await fill();
}

net::Task<std::string> Session::read() {
  if (!request_.body.empty()) co_return std::exchange(request_.body, {});
  auto& body = parser_.request().body;
  while (body.empty() && parser_.state() == RequestParser::State::body) {
    const bool received = co_await receive_more();
    if (!received && expired_) co_return base::timed_out("The request took too long to arrive.");
    if (!received) co_return base::unavailable("The client went away within its request.");
    begin_ += parser_.put(std::string_view(buffer_).substr(begin_, end_ - begin_));
  }
  if (parser_.state() == RequestParser::State::refused) co_return base::invalid(parser_.refusal().message);
  co_return std::exchange(body, {});
}

// The client's side of a tunnel: first what came with the request, then what the connection brings.
class Session::ClientBytes final : public net::ByteStream {
 public:
  explicit ClientBytes(Session& session) : session_(session) {}

  asio::awaitable<net::IoResult> read_some(char* data, std::size_t size) override {
    auto& begin = session_.begin_;
    const auto end = session_.end_;
    if (begin == end) co_return co_await session_.stream_.read_some(data, size);
    const auto count = std::min(size, end - begin);
    std::copy_n(session_.buffer_.data() + begin, count, data);
    begin += count;
    co_return net::IoResult({}, count);
  }
  asio::awaitable<net::IoResult> write_some(const char* data, std::size_t size) override {
    session_.deadline_ = std::chrono::steady_clock::now() + session_.house_.limits.answer_time;
    const auto result = co_await session_.stream_.write_some(data, size);
    session_.deadline_ = Time::max();
    co_return result;
  }
  asio::awaitable<void> end_sending() override { return session_.stream_.say_goodbye(); }
  void close() override { session_.stream_.close(); }

 private:
  Session& session_;
};

asio::awaitable<bool> Session::write_in_parts(const char* data, std::size_t size) {
  while (size > 0) {
    deadline_ = std::chrono::steady_clock::now() + house_.limits.answer_time;
    const auto [error, count] = co_await stream_.write_some(data, size);
    deadline_ = Time::max();
    if (error) co_return false;
    data += count;
    size -= count;
  }
  co_return true;
}

// Runs `work` so that it can be ended while this session waits for it: by the client's end, and when the server stops.
asio::awaitable<void> Session::run_body(Phase phase, std::function<asio::awaitable<void>()> work) {
  if (house_.stopping) co_return;
  phase_ = phase;
  deadline_ = Time::max();
  house_.accounting.streams.add(1);
  const std::shared_ptr<void> counted(nullptr, [this](void*) { house_.accounting.streams.add(-1); });
  body_ = std::make_unique<net::TaskGroup>(house_.runtime);
  body_->spawn(fmt::format("body of {}", request_.operation), std::move(work));
  co_await body_->join();
  body_.reset();
}

asio::awaitable<bool> Session::answer_stream(const StreamBody& body, bool chunked) {
  ChunkWriter writer(*this, chunked);
  bool complete = false;
  // What throws is reported by the group, and the client sees a body that is cut off.
  co_await run_body(Phase::streaming, [&]() -> asio::awaitable<void> {
    co_await body(writer);
    complete = true;
  });
  phase_ = Phase::writing;
  if (!complete && !house_.stopping) co_return false;
  co_return co_await writer.finish();
}

asio::awaitable<void> Session::answer_tunnel(const Tunnel& tunnel) {
  ClientBytes client(*this);
  co_await run_body(Phase::tunnel, [&] { return tunnel(client); });
}

// A request that is handed on may wait for long: where its client leaves, or the server stops, it ends too.
asio::awaitable<std::optional<Dispatcher::Outcome>> Session::dispatch() {
  std::optional<Dispatcher::Outcome> outcome;
  const auto run = [&]() -> asio::awaitable<void> {
    outcome.emplace(co_await house_.dispatcher.run(surfaces_, request_));
  };
  if (!parser_.streams()) {
    co_await run();
  } else if (!house_.stopping) {
    body_ = std::make_unique<net::TaskGroup>(house_.runtime);
    body_->spawn("request", run);
    co_await body_->join();
    body_.reset();
  }
  co_return outcome;
}

// Whatever ends the request, what reads its body has ended with it.
asio::awaitable<bool> Session::serve_handed_on() {
  beside_ = std::make_unique<net::TaskGroup>(house_.runtime);
  bool goes_on = false;
  std::exception_ptr thrown;
  try {
    goes_on = co_await serve();
  } catch (...) {
    thrown = std::current_exception();
  }
  beside_->cancel();
  // Also where this session is cancelled, which would throw here.
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await beside_->join();
  co_await asio::this_coro::throw_if_cancelled(true);
  beside_.reset();
  if (thrown) std::rethrow_exception(thrown);
  co_return goes_on;
}

// The client has its answer; what reads the rest of its request takes as long as that comes.
asio::awaitable<void> Session::finish_body() {
  if (!beside_ || beside_->empty()) co_return;
  phase_ = Phase::answering;
  deadline_ = Time::max();
  co_await beside_->join();
}

void Session::end_body() {
  if (body_) body_->cancel();
  if (beside_) beside_->cancel();
}

}  // namespace slipway::http
