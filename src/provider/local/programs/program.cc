#include "provider/local/programs/program.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "base/text.h"
#include "net/deadline.h"

namespace slipway::provider::local::programs {

namespace asio = boost::asio;
using base::Result;
using process::State;
using std::chrono::milliseconds;
using tcp = asio::ip::tcp;

namespace {

constexpr const char* kLimiter = "/usr/bin/prlimit";
constexpr milliseconds kAskPatience{5000};  // a server that accepts while it starts may never answer that request
constexpr auto kToken = asio::as_tuple(asio::use_awaitable);

// The status line's number; 0 where nobody answers in a way that is HTTP.
asio::awaitable<int> ask(net::Runtime& runtime, std::uint16_t port, std::string path) {
  tcp::socket socket(runtime.io());
  const auto [refused] = co_await socket.async_connect({asio::ip::address_v4::loopback(), port}, kToken);
  if (refused) co_return 0;
  if (path.empty()) co_return 1;
  const auto text = fmt::format("GET {} HTTP/1.0\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\r\n", path, port);
  const auto [unsent, sent] = co_await asio::async_write(socket, asio::buffer(text), kToken);
  std::array<char, 12> head{};  // "HTTP/1.1 200"
  const auto [unread, got] = co_await asio::async_read(socket, asio::buffer(head), kToken);
  if (unsent || unread || std::string_view(head.data(), 5) != "HTTP/") co_return 0;
  int status = 0;
  for (const char digit : {head[9], head[10], head[11]}) status = status * 10 + (digit - '0');
  co_return status;
}

base::Error with_lines(base::Error error, const Place& place, const std::string& name) {
  error.evidence = place.last_lines(name);
  return error;
}

base::Error died(const Place& place, const std::string& name, const process::Status& status) {
  auto error = with_lines(base::unavailable({}, "ProgramDied"), place, name);
  // Where the message is shown without the lines, it says where they are.
  error.message = fmt::format(
      "the program {} {}; {}", name, how_it_ended(status),
      error.evidence.empty() ? "it has written nothing" : "`slipway why` shows the last lines that it wrote");
  return error;
}

}  // namespace

net::Task<void> start(const Machine& machine, Place place, ProgramRequest request) {
  CO_TRY(check_name(request.name));
  const auto directory = CO_TRY(place.inside(request.folder.empty() ? "." : request.folder));
  const bool named = request.program.starts_with('/');
  const auto program = named ? fs::path(request.program) : CO_TRY(place.inside(request.program));
  process::Spec spec{
      .environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"HOME", place.folder().native()}, {"LANG", "C.UTF-8"}},
      .directory = directory};
  for (auto& [name, value] : request.environment) spec.environment[name] = std::move(value);
  if (request.memory_mib > 0 || request.cpu_seconds > 0) {
    spec.command.emplace_back(kLimiter);
    // What a process has written to, not what it has mapped: Python maps far more than it uses.
    if (request.memory_mib > 0) spec.command.push_back(fmt::format("--data={}", request.memory_mib << 20));
    if (request.cpu_seconds > 0) spec.command.push_back(fmt::format("--cpu={}", request.cpu_seconds));
    spec.command.emplace_back("--");
  }
  spec.command.push_back(program.native());
  spec.command.insert(spec.command.end(), request.arguments.begin(), request.arguments.end());
  auto started = co_await machine.supervisors.start(place.process(request.name), std::move(spec));
  if (started) co_return Result<void>();
  auto error = std::move(started).error();
  if (error.code.empty()) {
    error.code = error.kind == base::ErrorKind::not_found ? "ProgramMissing" : "ProgramNotStarted";
  }
  error.message = fmt::format("the program {} cannot be started: {}", request.name, error.message);
  co_return error;
}

net::Task<void> wait_for_answer(const Machine& machine, Place place, std::string name, std::uint16_t port,
                                std::string path, int status, milliseconds patience) {
  CO_TRY(check_name(name));
  const auto until = std::chrono::steady_clock::now() + patience;
  for (milliseconds pause{20};; pause = std::min(pause * 3 / 2, milliseconds(500))) {
    const auto present = machine.supervisors.status(place.process(name));
    if (present.state != State::running) {
      co_return co_await net::run_blocking<void>(machine.runtime,
                                                 [&] { return Result<void>(died(place, name, present)); });
    }
    int answer = 0;
    co_await net::finish_before(machine.runtime, std::min(net::in(kAskPatience), until),
                                [&]() -> asio::awaitable<void> { answer = co_await ask(machine.runtime, port, path); });
    if (path.empty() ? answer != 0 : answer == status) co_return Result<void>();
    if (std::chrono::steady_clock::now() + pause >= until) {
      const auto got = answer == 0 ? std::string("nobody answered") : fmt::format("the last answer was {}", answer);
      const auto wanted = path.empty() ? std::string() : fmt::format(" with {} on {}", status, path);
      auto error =
          base::unavailable(fmt::format("the program {} runs, but did not answer{} on port {} in time ({}); give the "
                                        "step more time, or look at the program's log",
                                        name, wanted, port, got),
                            "NoAnswer");
      co_return co_await net::run_blocking<void>(
          machine.runtime, [&] { return Result<void>(with_lines(std::move(error), place, name)); });
    }
    co_await net::sleep_for(machine.runtime, pause);
  }
}

net::Task<void> stop(const Machine& machine, Place place) {
  std::optional<base::Error> failure;
  const auto names = CO_TRY(co_await net::run_blocking<std::vector<std::string>>(
      machine.runtime, [&] { return Result<std::vector<std::string>>(place.names()); }));
  net::TaskGroup group(machine.runtime);
  for (const auto& name : names) {
    group.spawn("stopping " + name, [&machine, &failure, folder = place.process(name)]() -> asio::awaitable<void> {
      auto stopped = co_await machine.supervisors.stop(folder);
      if (!stopped) failure = std::move(stopped).error();
    });
  }
  co_await group.join();
  if (failure) co_return std::move(*failure);
  CO_TRY(co_await machine.supervisors.sweep(place.processes()));
  co_return Result<void>();
}

net::Task<void> stop(const Machine& machine, Place place, std::string name) {
  CO_TRY(check_name(name));
  CO_TRY(co_await machine.supervisors.stop(place.process(name)));
  co_return co_await net::run_blocking<void>(machine.runtime, [place, name] { return place.forget(name); });
}

Result<std::uint16_t> first_port(const Machine& machine, const base::EnvironmentId& id) {
  const auto ports = TRY(machine.ports.of(id));
  if (!ports.empty()) return ports.front();
  auto error = base::conflict("the environment has no port; its launch reserves one with local:reservePort");
  error.code = "NoPort";
  return error;
}

net::Task<broker::Endpoint> endpoint(const Machine& machine, base::EnvironmentId id, broker::EndpointRule rule) {
  broker::Endpoint endpoint{.port = CO_TRY(first_port(machine, id)), .authorization = {}, .prefix = {}};
  const Place place(machine, id);
  const auto secret = CO_TRY(co_await net::run_blocking<base::Secret>(machine.runtime, [&]() -> Result<base::Secret> {
    // Where none runs, another account's program may listen there by now: it gets no secret and no request.
    const auto runs = [&](const std::string& name) {
      return machine.supervisors.status(place.process(name)).state == State::running;
    };
    if (std::ranges::none_of(place.names(), runs)) {
      return base::unavailable("The program of this environment has ended; `slipway why` tells how.", "ProgramDied");
    }
    return rule.secret.empty() ? Result<base::Secret>(base::Secret()) : place.read_secret(rule.secret);
  }));
  if (!rule.secret.empty()) {
    endpoint.authorization = base::Secret(fmt::format("{} {}", rule.authorization, secret.reveal()));
  }
  co_return endpoint;
}

std::string how_it_ended(const process::Status& status) {
  if (!status.failure.empty()) return fmt::format("ended: {}", status.failure);
  if (status.exit_signal) return fmt::format("was ended by signal {}", *status.exit_signal);
  return fmt::format("ended with exit code {}", status.exit_code.value_or(-1));
}

net::Task<Use> look_at_use(const Machine& machine, base::EnvironmentId id) {
  const Place place(machine, id);
  const auto ports = CO_TRY(machine.ports.of(id));
  co_return co_await net::run_blocking<Use>(machine.runtime, [&]() -> Result<Use> {
    std::vector<pid_t> supervisors;
    for (const auto& name : place.names()) {
      const auto status = machine.supervisors.status(place.process(name));
      if (status.supervisor_pid > 0) supervisors.push_back(status.supervisor_pid);
    }
    return look_at_use(supervisors, ports);
  });
}

}  // namespace slipway::provider::local::programs
