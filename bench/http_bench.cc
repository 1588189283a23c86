// slipway_http_bench FOLDER: serves GET /bench/describe with a fixed body over TLS until its standard input ends, and
// writes its URL to standard output. The floor under every request: no signature, no database. bench/http.sh drives it
// and nginx with wrk on the same core.

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <thread>

#include "http/server.h"
#include "net/self_signed.h"
#include "observe/log.h"

namespace {
using namespace slipway;
using boost::asio::awaitable;

class Fixed final : public http::Surface {
 public:
  Fixed() {
    router_.add({"GET", "/bench/{name}", "Describe", [](http::Request&) -> awaitable<http::Response> {
                   co_return http::Response{.status = 200, .headers = {}, .body = std::string(600, 'x')};
                 }});
  }
  std::string_view name() const override { return "bench"; }
  bool owns(std::string_view path) const override { return path.starts_with("/bench/"); }
  const http::Router& router() const override { return router_; }
  bool is_public(const http::Request&) const override { return true; }
  http::Response no_route(const http::Request&, const http::Router::Match&) const override { return {.status = 404}; }
  http::Response error(const http::Request&, const base::Error&) const override { return {.status = 500}; }

 private:
  http::Router router_;
};
}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fputs("usage: slipway_http_bench FOLDER\n", stderr), 2;
  const auto own = net::ensure_self_signed(argv[1], {"localhost", "127.0.0.1"}, base::system_clock());
  if (!own) return std::fprintf(stderr, "%s\n", own.error().message.c_str()), 1;
  net::Runtime runtime(1);
  observe::Metrics metrics;
  const Fixed surface;
  http::ServerSettings settings;
  settings.listeners[0].port = 0;
  settings.listeners[0].certificates = {own->server};
  http::Server server(runtime, metrics, base::system_clock(), settings, {&surface}, {});
  if (const auto listens = server.listen(); !listens)
    return std::fprintf(stderr, "%s\n", listens.error().message.c_str()), 1;
  server.start();
  if (!observe::start_log({})) return 1;
  std::printf("%s\n", server.urls().front().c_str());
  std::fflush(stdout);
  net::TaskGroup tasks(runtime);
  std::thread until_end([&] {
    char byte = 0;
    while (::read(STDIN_FILENO, &byte, 1) > 0) {
    }
    runtime.post([&] {
      tasks.spawn("stop", [&]() -> awaitable<void> {
        co_await server.stop();
        runtime.stop();
      });
    });
  });
  runtime.run();
  until_end.join();
  net::run_to_end(runtime, [&] { return tasks.join(); });
  observe::stop_log();
}
