#pragma once
// For tests: a server on its own thread, and clients in the test's.

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <thread>

#include "http/probes.h"
#include "http/server.h"
#include "http/test_surface.h"
#include "net/test_support.h"

namespace slipway::http {

class TestServer : public ::testing::Test {
 protected:
  TestServer() {
    settings_.listeners[0].port = 0;
    settings_.listeners[0].certificates = {certificate_.server};
  }
  void TearDown() override {
    if (server_) stop();
  }

  void start() {
    server_.emplace(runtime_, metrics_, base::system_clock(), settings_,
                    std::vector<const Surface*>{&probes_, &surface_}, std::vector<Middleware*>{});
    const auto started = server_->listen();
    ASSERT_TRUE(started) << started.error().message;
    server_->start();
    const auto url = server_->urls().at(0);
    port_ = std::stoi(url.substr(url.rfind(':') + 1));
    loop_ = std::thread([this] { runtime_.run(); });
  }
  // Runs `work` on the I/O thread and waits for it.
  void on_loop(const std::function<void()>& work) {
    std::promise<void> done;
    runtime_.post([&] {
      work();
      done.set_value();
    });
    done.get_future().get();
  }
  std::future<void> begin_stop() {
    auto done = std::make_shared<std::promise<void>>();
    on_loop([&] {
      tasks_.spawn("stop", [this, done]() -> boost::asio::awaitable<void> {
        co_await server_->stop();
        done->set_value();
      });
    });
    return done->get_future();
  }
  void stop() {
    begin_stop().get();
    runtime_.post([this] { runtime_.stop(); });
    loop_.join();
    net::run_to_end(runtime_, [this] { return tasks_.join(); });
    server_.reset();
  }
  static std::string get(const std::string& path, const std::string& headers = "") {
    return "GET " + path + " HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n";
  }
  std::string ask(const std::string& request) {
    net::RawClient client(port_);
    client.send(request);
    return client.receive_answer();
  }

  net::TemporaryFolder folder_;
  net::SelfSigned certificate_ = net::self_signed(folder_.path() / "tls");
  observe::Metrics metrics_;
  TestSurface surface_{"/t"};
  Probes probes_{metrics_, [] { return base::Result<void>(); }};
  net::Runtime runtime_{1};
  net::TaskGroup tasks_{runtime_};
  ServerSettings settings_;
  std::optional<Server> server_;
  int port_ = 0;
  std::thread loop_;
};

}  // namespace slipway::http
