#include "http/server.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/error.hpp>

#include "http/session.h"
#include "observe/log.h"

namespace slipway::http {

namespace asio = boost::asio;
using std::chrono::milliseconds;

namespace {
constexpr milliseconds kAcceptPause{100};  // after a failure, such as no free descriptor
constexpr milliseconds kCertificateCheck{60'000};

struct Listener {
  ListenerSettings settings;
  std::vector<const Surface*> surfaces;
  net::ServerTls tls;
  std::optional<net::TlsListener> socket;
  int connections = 0;

  explicit Listener(ListenerSettings given) : settings(std::move(given)), tls(settings.certificates) {}

  std::string url() const {
    auto host = settings.address == "0.0.0.0" || settings.address == "::" ? "127.0.0.1" : settings.address;
    if (host.find(':') != std::string::npos) host = "[" + host + "]";
    return fmt::format("https://{}:{}", host, socket ? socket->port() : settings.port);
  }
};

// How often deadlines are looked at: a quarter of the shortest, so that none is late by more than that.
milliseconds sweep_interval(const Limits& limits) {
  const auto shortest = std::min({limits.request_time, limits.answer_time, limits.idle_time});
  return std::clamp<milliseconds>(shortest / 4, milliseconds(5), milliseconds(1000));
}
}  // namespace

struct Server::Impl {
  Impl(net::Runtime& given_runtime, observe::Metrics& metrics, const base::Clock& clock, ServerSettings given,
       std::vector<const Surface*> all_surfaces, std::vector<Middleware*> middlewares)
      : runtime(given_runtime),
        settings(std::move(given)),
        surfaces(std::move(all_surfaces)),
        accounting(metrics),
        dispatcher(std::move(middlewares), settings.limits.requests_in_flight),
        house{given_runtime, clock, settings.limits, dispatcher, accounting} {}

  net::Runtime& runtime;
  ServerSettings settings;
  std::vector<const Surface*> surfaces;
  Accounting accounting;
  Dispatcher dispatcher;
  SessionHouse house;
  std::vector<std::unique_ptr<Listener>> listeners;
  net::TaskGroup loops{runtime};        // accepting, looking at deadlines and files
  net::TaskGroup connections{runtime};  // one member a session

  base::Result<std::vector<const Surface*>> surfaces_of(const ListenerSettings& listener) const {
    if (listener.surfaces.empty()) return surfaces;
    std::vector<const Surface*> chosen;
    for (const auto& name : listener.surfaces) {
      const auto found = std::ranges::find(surfaces, name, &Surface::name);
      if (found == surfaces.end()) return base::invalid(fmt::format("no surface is named \"{}\"", name), "surfaces");
      chosen.push_back(*found);
    }
    return chosen;
  }

  base::Result<void> open(const ListenerSettings& wanted) {
    auto listener = std::make_unique<Listener>(wanted);
    listener->surfaces = TRY(surfaces_of(wanted));
    TRY(listener->tls.reload());
    listener->socket = TRY(net::TlsListener::open(runtime, wanted.address, wanted.port));
    listeners.push_back(std::move(listener));
    return {};
  }

  asio::awaitable<void> accept_all(Listener& listener) {
    for (;;) {
      const auto error = co_await listener.socket->accept();
      if (house.stopping) co_return;
      if (error) {
        observe::warning("a connection could not be accepted", {{"reason", error.message()}});
        co_await net::sleep_for(runtime, kAcceptPause);
        continue;
      }
      auto stream = listener.socket->take(listener.tls.context());
      if (listener.connections >= settings.limits.connections) {
        accounting.connections_refused.add();
        continue;
      }
      auto session = std::make_shared<Session>(house, listener.surfaces, listener.connections, std::move(stream));
      connections.spawn("connection", [session = std::move(session)] { return session->run(); });
    }
  }

  asio::awaitable<void> watch_deadlines() {
    const auto interval = sweep_interval(settings.limits);
    for (;;) {
      co_await net::sleep_for(runtime, interval);
      const auto now = std::chrono::steady_clock::now();
      for (auto* session : house.sessions) session->check_deadline(now);
    }
  }

  asio::awaitable<void> watch_certificates() {
    for (;;) {
      co_await net::sleep_for(runtime, kCertificateCheck);
      for (const auto& listener : listeners) {
        if (listener->tls.changed()) (void)reload(*listener);
      }
    }
  }

  base::Result<void> reload(Listener& listener) {
    auto reloaded = listener.tls.reload();
    if (reloaded) {
      observe::info("certificates read again", {{"listener", listener.url()}});
    } else {
      observe::error("the new certificates are not used", reloaded.error(), {{"listener", listener.url()}});
    }
    return reloaded;
  }

  asio::awaitable<void> insist_later() {
    co_await net::sleep_for(runtime, settings.limits.stop_time);
    observe::warning("requests in flight are cancelled: the time to stop is over",
                     {{"requests", dispatcher.in_flight()}});
    connections.cancel();
  }
};

Server::Server(net::Runtime& runtime, observe::Metrics& metrics, const base::Clock& clock, ServerSettings settings,
               std::vector<const Surface*> surfaces, std::vector<Middleware*> middlewares)
    : impl_(std::make_unique<Impl>(runtime, metrics, clock, std::move(settings), std::move(surfaces),
                                   std::move(middlewares))) {}

Server::~Server() = default;

base::Result<void> Server::listen() {
  for (const auto& wanted : impl_->settings.listeners) {
    auto opened = impl_->open(wanted);
    if (opened) continue;
    impl_->listeners.clear();
    return opened;
  }
  return {};
}

void Server::start() {
  for (const auto& listener : impl_->listeners) {
    impl_->loops.spawn("accepting connections",
                       [impl = impl_.get(), listener = listener.get()] { return impl->accept_all(*listener); });
  }
  impl_->loops.spawn("watching deadlines", [impl = impl_.get()] { return impl->watch_deadlines(); });
  impl_->loops.spawn("watching certificates", [impl = impl_.get()] { return impl->watch_certificates(); });
}

std::vector<std::string> Server::urls() const {
  std::vector<std::string> urls;
  for (const auto& listener : impl_->listeners) urls.push_back(listener->url());
  return urls;
}

base::Result<void> Server::reload_certificates() {
  base::Result<void> result;
  for (const auto& listener : impl_->listeners) {
    auto reloaded = impl_->reload(*listener);
    if (!reloaded && result) result = std::move(reloaded);
  }
  return result;
}

asio::awaitable<void> Server::stop() {
  auto& impl = *impl_;
  impl.house.stopping = true;
  for (const auto& listener : impl.listeners) listener->socket->close();
  for (auto* session : impl.house.sessions) session->end_if_idle();
  net::TaskGroup patience(impl.runtime);
  patience.spawn("waiting for requests in flight", [&impl] { return impl.insist_later(); });
  co_await impl.connections.join();
  patience.cancel();
  impl.loops.cancel();
  co_await patience.join();
  co_await impl.loops.join();
}

void Server::stop_now() {
  impl_->connections.cancel();
}

}  // namespace slipway::http
