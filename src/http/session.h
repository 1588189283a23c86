#pragma once
// One connection, from its TLS handshake to its end: reads requests in order, has them answered, writes the answers.
// Owned by the server, which looks after its deadlines.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "http/accounting.h"
#include "http/dispatcher.h"
#include "http/request_parser.h"
#include "http/server.h"
#include "net/tls_stream.h"

namespace slipway::http {

class Session;

// What the connections of a server share.
struct SessionHouse {
  net::Runtime& runtime;
  const base::Clock& clock;
  const Limits& limits;
  Dispatcher& dispatcher;
  Accounting& accounting;
  std::set<Session*> sessions{};         // all there are
  std::multiset<std::string> uploads{};  // Limits::uploads: the client's address of each
  bool stopping = false;
};

class Session final : private BodyReader {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // `surfaces`: of its listener, in order. `of_listener`: how many connections that one has. All outlive the session.
  Session(SessionHouse& house, const std::vector<const Surface*>& surfaces, int& of_listener, net::TlsStream stream);
  ~Session() override;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Serves until the connection ends. Cancellation unwinds; the session then is at its end.
  boost::asio::awaitable<void> run();

  // Ends the wait under way if its deadline is past. Called every now and then, which is cheaper than a timer for each
  // wait.
  void check_deadline(Time now);
  // Ends the connection where it has no request under way, and what is written over time. Called when the server begins
  // to stop.
  void end_if_idle();

 private:
  enum class Phase { handshake, idle, reading, answering, writing, streaming, tunnel, leaving };
  class ChunkWriter;
  class ClientBytes;

  void enter(Phase phase, std::chrono::milliseconds limit);
  boost::asio::awaitable<bool> read_request();
  bool begin_upload();
  // Reads more into the buffer; false at the end of the connection, at the deadline and when the server stops.
  boost::asio::awaitable<bool> fill();
  boost::asio::awaitable<bool> serve();
  // The same for a request whose body may be read beside its answer.
  boost::asio::awaitable<bool> serve_handed_on();
  boost::asio::awaitable<void> finish_body();
  // Nothing where the client left before there was an answer.
  boost::asio::awaitable<std::optional<Dispatcher::Outcome>> dispatch();
  const Surface* owner_of(std::string_view path) const;  // null: nobody's
  // Sends "100 Continue" where the client waits for it. False where the connection cannot be used any more.
  boost::asio::awaitable<bool> tell_to_go_on();
  net::Task<std::string> read() override;  // Request::incoming
  boost::asio::awaitable<bool> receive_more();
  // False where the connection cannot be used any more.
  boost::asio::awaitable<bool> answer(const Response& response, std::string_view surface, bool closes);
  boost::asio::awaitable<bool> answer_stream(const StreamBody& body, bool chunked);
  boost::asio::awaitable<void> answer_tunnel(const Tunnel& tunnel);
  boost::asio::awaitable<void> run_body(Phase phase, std::function<boost::asio::awaitable<void>()> work);
  void end_body();
  boost::asio::awaitable<void> refuse(Refusal refusal);
  boost::asio::awaitable<bool> write(const char* data, std::size_t size);
  // Each part has http.answer_time.
  boost::asio::awaitable<bool> write_in_parts(const char* data, std::size_t size);
  void identify(Request& request);

  SessionHouse& house_;
  const std::vector<const Surface*>& surfaces_;
  int& of_listener_;
  net::TlsStream stream_;
  RequestParser parser_;
  Request request_;
  std::string buffer_;  // received and not yet taken: [begin_, end_)
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::string out_;  // the answer being written
  Phase phase_ = Phase::handshake;
  Time deadline_ = Time::max();
  Time receive_deadline_ = Time::max();  // of a body that is handed on, while more of it is waited for
  Time began_;                           // when the request was complete
  bool expired_ = false;
  std::shared_ptr<void> upload_;            // counts the request as one of the uploads, while it is in memory
  bool continued_ = false;                  // the client was told to go on with its body
  std::unique_ptr<net::TaskGroup> body_;    // what is handed on or written over time, while it is
  std::unique_ptr<net::TaskGroup> beside_;  // Request::beside, while a request is handed on
};

}  // namespace slipway::http
