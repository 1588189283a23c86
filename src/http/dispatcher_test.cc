#include "http/dispatcher.h"

#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <optional>

#include "http/test_surface.h"
#include "net/runtime.h"

namespace slipway::http {
namespace {

using boost::asio::awaitable;

// Writes down what happens to it.
class Recorder final : public Middleware {
 public:
  Recorder(std::string name, std::vector<std::string>& log) : name_(std::move(name)), log_(log) {}
  std::string_view name() const override { return name_; }
  net::Task<void> before(Request&, const Surface&) override {
    log_.push_back("before " + name_);
    if (refusal) co_return *refusal;
    co_return base::Result<void>();
  }
  void after(const Request&, const Surface&, Response& response) override {
    log_.push_back("after " + name_ + " " + std::to_string(response.status));
  }
  std::optional<base::Error> refusal;

 private:
  std::string name_;
  std::vector<std::string>& log_;
};

class DispatcherTest : public ::testing::Test {
 protected:
  DispatcherTest() {
    surface_.on("GET", "/t/{x}", [this](Request& request) -> awaitable<Response> {
      log_.push_back("handler " + request.path_parameters["x"]);
      co_return Response{.status = 200, .headers = {}, .body = "hello"};
    });
    surface_.on("GET", "/t/throws/now", [](Request&) -> awaitable<Response> {
      throw std::runtime_error("secret detail");
      co_return Response{};
    });
  }

  Dispatcher::Outcome run(std::string method, std::string path) {
    Request request;
    request.method = std::move(method);
    request.path = std::move(path);
    return net::run_to_end(runtime_, [&] { return dispatcher_.run(surfaces_, request); });
  }

  std::vector<std::string> log_;
  Recorder first_{"first", log_};
  Recorder second_{"second", log_};
  TestSurface surface_{"/t"};
  std::vector<const Surface*> surfaces_{&surface_};
  net::Runtime runtime_{1};
  Dispatcher dispatcher_{{&first_, &second_}, 10};
};

TEST_F(DispatcherTest, RunsTheListInOrderAndBack) {
  const auto outcome = run("GET", "/t/abc");
  EXPECT_EQ(outcome.response.body, "hello");
  EXPECT_EQ(outcome.surface, &surface_);
  EXPECT_EQ(log_, (std::vector<std::string>{"before first", "before second", "handler abc", "after second 200",
                                            "after first 200"}));
}

TEST_F(DispatcherTest, AMiddlewareThatRefusesEndsTheRequestInTheSurfacesWords) {
  first_.refusal = base::conflict("busy");
  const auto outcome = run("GET", "/t/abc");
  EXPECT_EQ(outcome.response.body, R"({"test":"conflict: busy"})");
  EXPECT_EQ(log_, (std::vector<std::string>{"before first", "after first 418"}));
}

TEST_F(DispatcherTest, PutsRetryAfterOnTheAnswer) {
  second_.refusal = base::unavailable("later");
  second_.refusal->retry_after = std::chrono::milliseconds(1500);
  EXPECT_EQ(run("GET", "/t/abc").response.headers, (Headers{{"Retry-After", "2"}}));
}

TEST_F(DispatcherTest, AnExceptionBecomesAnInternalErrorThatTellsNothing) {
  const auto outcome = run("GET", "/t/throws/now");
  EXPECT_NE(outcome.response.body.find("internal: "), std::string::npos);
  EXPECT_EQ(outcome.response.body.find("secret"), std::string::npos);
}

TEST_F(DispatcherTest, TheSurfaceAnswersItsUnknownPathsAndNobodyTheRest) {
  EXPECT_EQ(run("GET", "/t/a/b/c").response.body, R"({"test":"no path"})");
  EXPECT_EQ(run("PUT", "/t/abc").response.body, R"({"test":"no method"})");
  const auto outside = run("GET", "/else");
  EXPECT_EQ(outside.response.status, 404);
  EXPECT_EQ(outside.surface, nullptr);
  EXPECT_TRUE(log_.empty());
}

TEST_F(DispatcherTest, AnswersOnlySoManyAtOnce) {
  Dispatcher one({}, 1);
  std::function<void()> resume;
  surface_.on("GET", "/t/waits/now", [&](Request&) -> awaitable<Response> {
    co_await net::suspend_until(runtime_, [&](std::function<void()> go_on) { resume = std::move(go_on); });
    co_return Response{};
  });
  Request slow, other;
  slow.method = other.method = "GET";
  slow.path = "/t/waits/now";
  other.path = "/t/abc";
  net::TaskGroup group(runtime_);
  group.spawn("slow", [&]() -> awaitable<void> {
    co_await one.run(surfaces_, slow);
    log_.push_back("slow is answered");
  });
  net::run_to_end(runtime_, [&]() -> awaitable<void> {
    while (!resume) co_await net::suspend_until(runtime_, [](std::function<void()> go_on) { go_on(); });
    const auto refused = co_await one.run(surfaces_, other);
    EXPECT_EQ(refused.response.body,
              R"({"test":"throttled: Too many requests are being served. Try again in a second."})");
    EXPECT_EQ(refused.response.headers, (Headers{{"Retry-After", "1"}}));
    resume();
    co_await group.join();
    EXPECT_EQ((co_await one.run(surfaces_, other)).response.body, "hello");
  });
  EXPECT_EQ(log_, (std::vector<std::string>{"slow is answered", "handler abc"}));
}

}  // namespace
}  // namespace slipway::http
