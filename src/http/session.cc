#include "http/session.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <memory>

#include "http/request_id.h"
#include "http/response_text.h"
#include "observe/log.h"
#include "observe/trace.h"

namespace slipway::http {

namespace asio = boost::asio;

namespace {
constexpr std::size_t kSmallBufferBytes = 4 << 10;
constexpr std::size_t kReadBytes = 16 << 10;  // one TLS record
constexpr std::chrono::milliseconds kLeaveTime{1000};

std::string_view header_or_empty(const Request& request, std::string_view name) {
  const auto* value = request.header(name);
  return value ? std::string_view(*value) : std::string_view();
}
}  // namespace

Session::Session(SessionHouse& house, const std::vector<const Surface*>& surfaces, int& of_listener,
                 net::TlsStream stream)
    : house_(house),
      surfaces_(surfaces),
      of_listener_(of_listener),
      stream_(std::move(stream)),
      parser_({.header_bytes = house.limits.header_bytes,
               .body_bytes = house.limits.body_bytes,
               .hands_on =
                   [this](std::string_view path) {
                     const auto* owner = owner_of(path);
                     return owner != nullptr && owner->hands_on(path);
                   },
               .upload_limit = [this](std::string_view path) -> std::size_t {
                 const auto* owner = owner_of(path);
                 return owner == nullptr ? 0 : owner->upload_limit(path);
               },
               .begin_upload = [this] { return begin_upload(); }}) {
  house_.sessions.insert(this);
  house_.accounting.connections.add(1);
  ++of_listener_;
}

Session::~Session() {
  house_.sessions.erase(this);
  house_.accounting.connections.add(-1);
  --of_listener_;
}

void Session::enter(Phase phase, std::chrono::milliseconds limit) {
  phase_ = phase;
  deadline_ = std::chrono::steady_clock::now() + limit;
}

// Reading may be followed by a 408; where even the goodbye or the answer does not get through, nothing is left to say.
void Session::check_deadline(Time now) {
  // Who reads a body finds the client's end by itself, behind what was sent before it.
  const bool is_receiving = receive_deadline_ != Time::max();
  const bool may_wait_for_long = phase_ == Phase::streaming || (phase_ == Phase::answering && body_);
  if (may_wait_for_long && !is_receiving && stream_.peer_ended()) end_body();
  if (now < std::min(deadline_, receive_deadline_)) return;
  expired_ = true;
  const bool only_reads = phase_ == Phase::idle || phase_ == Phase::reading;
  if (only_reads || now < deadline_) return stream_.cancel();
  stream_.close();
}

void Session::end_if_idle() {
  if (phase_ == Phase::idle) stream_.cancel();
  if (phase_ == Phase::handshake) stream_.close();
  end_body();
}

asio::awaitable<void> Session::run() {
  enter(Phase::handshake, house_.limits.request_time);
  const auto failure = co_await stream_.shake_hands();
  if (!failure.empty()) {
    house_.accounting.handshakes_failed.add();
    observe::debug("a TLS handshake failed", {{"remote", stream_.remote()}, {"reason", failure}});
    co_return;
  }
  while (co_await read_request()) {
    if (!co_await (parser_.streams() ? serve_handed_on() : serve())) break;
  }
  const bool was_idle = phase_ == Phase::idle;
  enter(Phase::leaving, kLeaveTime);
  co_await stream_.say_goodbye();
  // A client that has had its answers for long need not be waited for.
  if (!was_idle) co_await stream_.drain();
}

// Its body stays in memory until the next request is read. Nobody knows yet who sends it: one address may hold half of
// the places.
bool Session::begin_upload() {
  const auto remote = stream_.remote();
  const auto address = remote.substr(0, remote.rfind(':'));
  const auto limit = static_cast<std::size_t>(house_.limits.uploads);
  if (house_.uploads.size() >= limit || house_.uploads.count(address) >= (limit + 1) / 2) return false;
  const auto place = house_.uploads.insert(address);
  upload_ = std::shared_ptr<void>(nullptr, [&house = house_, place](void*) { house.uploads.erase(place); });
  return true;
}

asio::awaitable<bool> Session::read_request() {
  parser_.reset();
  request_ = {};
  request_.body.shrink_to_fit();  // what is assigned to keeps its memory
  upload_.reset();
  expired_ = false;
  enter(Phase::idle, house_.limits.idle_time);
  continued_ = false;
  for (;;) {
    begin_ += parser_.put(std::string_view(buffer_).substr(begin_, end_ - begin_));
    if (phase_ == Phase::idle && parser_.state() != RequestParser::State::nothing) {
      enter(Phase::reading, house_.limits.request_time);
    }
    if (parser_.state() == RequestParser::State::complete) co_return true;
    if (parser_.state() == RequestParser::State::body && parser_.streams()) co_return true;
    if (parser_.state() == RequestParser::State::refused) {
      co_await refuse(parser_.refusal());
      co_return false;
    }
    if (!co_await tell_to_go_on()) co_return false;
    if (!co_await fill()) {
      if (expired_ && phase_ == Phase::reading) co_await refuse({408, "The request took too long to arrive."});
      co_return false;
    }
  }
}

const Surface* Session::owner_of(std::string_view path) const {
  const auto owner = std::ranges::find_if(surfaces_, [&](const Surface* surface) { return surface->owns(path); });
  return owner == surfaces_.end() ? nullptr : *owner;
}

asio::awaitable<bool> Session::tell_to_go_on() {
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  if (continued_ || !parser_.wants_continue() || begin_ != end_) co_return true;
  continued_ = true;
  co_return co_await write(kContinue.data(), kContinue.size());
}

asio::awaitable<bool> Session::fill() {
  if (expired_ || (phase_ == Phase::idle && house_.stopping)) co_return false;
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ == buffer_.size()) {
    // Make room: first where bytes were taken, then by growing. The parser bounds what waits here.
    buffer_.erase(0, begin_);
    end_ -= begin_;
    begin_ = 0;
    buffer_.resize(buffer_.empty() ? kSmallBufferBytes : std::max(end_ + kReadBytes, buffer_.size()));
  }
  const auto [error, count] = co_await stream_.read_some(buffer_.data() + end_, buffer_.size() - end_);
  end_ += count;
  co_return !error;
}

void Session::identify(Request& request) {
  request.remote = stream_.remote();
  request.received_at = house_.clock.now();
  request.request_id = new_request_id(request.received_at);
  request.correlation_id =
      observe::correlation_id(header_or_empty(request, "x-correlation-id"), header_or_empty(request, "traceparent"),
                              header_or_empty(request, "x-amzn-trace-id"));
  began_ = std::chrono::steady_clock::now();
}

asio::awaitable<bool> Session::serve() {
  request_ = std::move(parser_.request());
  parser_.request() = {};  // it goes on with a body that is read as it comes
  identify(request_);
  if (parser_.streams()) {
    request_.incoming = this;
    request_.beside = beside_.get();
  }
  phase_ = Phase::answering;
  deadline_ = Time::max();
  house_.accounting.in_flight.add(1);
  // Undone where the handler is cancelled as well.
  const std::shared_ptr<void> counted(nullptr, [this](void*) { house_.accounting.in_flight.add(-1); });
  const auto answered = co_await dispatch();
  if (!answered) co_return false;
  const auto& outcome = *answered;
  const bool tunnel = static_cast<bool>(outcome.response.tunnel);
  const bool closes = !tunnel && (!parser_.keep_alive() || parser_.is_http_1_0() || house_.stopping);
  const auto surface = outcome.surface ? outcome.surface->name() : std::string_view();
  bool goes_on = co_await answer(outcome.response, surface, closes);
  if (!goes_on) co_return false;
  if (tunnel) {
    co_await answer_tunnel(outcome.response.tunnel);
    co_return false;
  }
  if (outcome.response.stream && request_.method != "HEAD") {
    goes_on = co_await answer_stream(outcome.response.stream, !parser_.is_http_1_0());
  }
  if (goes_on) co_await finish_body();
  co_return goes_on && !closes;
}

asio::awaitable<bool> Session::answer(const Response& response, std::string_view surface, bool closes) {
  write_response(response, {request_.request_id, request_.method == "HEAD", closes, parser_.is_http_1_0()},
                 house_.clock.now(), out_);
  enter(Phase::writing, house_.limits.answer_time);
  continued_ = true;  // the answer tells the client as much, and nothing may come into it
  const bool written = co_await write(out_.data(), out_.size());
  house_.accounting.answered(request_, surface, response.status, response.body.size(),
                             std::chrono::steady_clock::now() - began_);
  // A large answer's memory is not kept for an idle connection.
  if (out_.capacity() > kReadBytes) out_ = {};
  co_return written;
}

asio::awaitable<void> Session::refuse(Refusal refusal) {
  request_ = std::move(parser_.request());
  identify(request_);
  expired_ = false;
  auto response = json_response(refusal.status, boost::json::object{{"message", refusal.message}});
  response.headers = std::move(refusal.headers);
  co_await answer(response, {}, true);
}

asio::awaitable<bool> Session::write(const char* data, std::size_t size) {
  while (size > 0) {
    const auto [error, count] = co_await stream_.write_some(data, size);
    if (error) co_return false;
    data += count;
    size -= count;
  }
  co_return true;
}

}  // namespace slipway::http
