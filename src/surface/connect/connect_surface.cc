#include "surface/connect/connect_surface.h"

#include <fmt/format.h>

#include "base/text.h"
#include "broker/connection.h"
#include "http/failure.h"
#include "surface/connect/headers.h"
#include "surface/connect/passes.h"
#include "surface/connect/proxy.h"

namespace slipway::surface::connect {

namespace {

// A person reads it, in a browser. What does not answer is the program behind this broker: a bad gateway.
http::Response page(const base::Error& error) {
  return {.status = error.kind == base::ErrorKind::unavailable ? 502 : http::status_of(error.kind),
          .headers = {{"Cache-Control", "no-store"}},
          .body = error.message + "\n",
          .content_type = "text/plain; charset=utf-8"};
}

base::Error refusal(base::ErrorKind kind, std::string message) {
  base::Error error;
  error.kind = kind;
  error.message = std::move(message);
  return error;
}

// The environment that the target names. It has to stand there as connect_path() has it, since what follows is handed
// on as it came.
base::Result<base::EnvironmentId> environment_of(const http::Request& request) {
  const auto rest = std::string_view(request.target)
                        .substr(request.target.starts_with(ConnectSurface::kPrefix) ? ConnectSurface::kPrefix.size()
                                                                                    : request.target.size());
  const base::EnvironmentId id(std::string(rest.substr(0, rest.find_first_of("/?"))));
  if (!id.str().empty() && request.path.starts_with(broker::connect_path(id))) return id;
  return base::not_found(
      "There is no connection at this path: it is /slipway/connect/ENVIRONMENT/..., as `slipway env "
      "connect` gives it.");
}

// The target without the ticket; with a slash behind the environment, so that relative links lead below it.
std::string without_ticket(const http::Request& request, const base::EnvironmentId& environment) {
  const auto query_at = request.target.find('?');
  auto target = request.target.substr(0, query_at);
  if (target == broker::connect_path(environment)) target += '/';
  if (query_at == std::string::npos) return target;
  char separator = '?';
  for (const auto part : base::split(std::string_view(request.target).substr(query_at + 1), '&')) {
    if (part.substr(0, part.find('=')) == broker::kTicketParameter) continue;
    target += separator;
    target += part;
    separator = '&';
  }
  return target;
}

http::Response redirect(std::string target) {
  return {.status = 303,
          .headers = {{"Location", std::move(target)},
                      {"Cache-Control", "no-store"},
                      {"Referrer-Policy", "no-referrer"}}};  // the ticket goes nowhere
}

}  // namespace

struct ConnectSurface::Impl {
  Services services;
  Passes passes{services.clock, services.key};
  http::Router router{};

  net::Task<http::Response> answer(http::Request& request);
  std::optional<http::Response> enter(const http::Request& request, const base::EnvironmentId& environment);
  Leave leave(const base::EnvironmentId& environment, const Pass& pass) const;
};

// The first request of a connection brings a ticket: it gets a pass, and is sent on to the URL without. One whose
// ticket was used before is let through to its pass, as after "back" in a browser.
std::optional<http::Response> ConnectSurface::Impl::enter(const http::Request& request,
                                                          const base::EnvironmentId& environment) {
  const auto* ticket = request.query_value(broker::kTicketParameter);
  if (ticket == nullptr || request.method != "GET") return std::nullopt;
  const auto who = services.environments.connections().tickets().redeem(environment, *ticket);
  if (!who && !passes.find(environment, request)) return std::nullopt;
  auto answer = redirect(without_ticket(request, environment));
  if (who) answer.headers.emplace_back("Set-Cookie", passes.cookie(environment, *who));
  return answer;
}

Leave ConnectSurface::Impl::leave(const base::EnvironmentId& environment, const Pass& pass) const {
  auto& environments = services.environments;
  return {.until = net::in(std::chrono::duration_cast<std::chrono::milliseconds>(pass.until - services.clock.now())),
          .watch = [&environments, environment](std::function<void()> on_end) -> std::shared_ptr<void> {
            const auto check = [&environments, environment, on_end = std::move(on_end)] {
              const auto found = environments.find(environment);
              if (!found || !*found || (*found)->status != broker::Status::available) on_end();
            };
            check();  // it may have ended while the program was asked
            return std::make_shared<broker::Events::Follower>(environments.events().ring(), check, environment);
          }};
}

net::Task<http::Response> ConnectSurface::Impl::answer(http::Request& request) {
  const auto environment = CO_TRY(environment_of(request));
  if (auto entered = enter(request, environment)) co_return std::move(*entered);
  const auto pass = passes.find(environment, request);
  if (!pass || !services.is_known(pass->who)) {
    co_return refusal(base::ErrorKind::unauthenticated,
                      "This link was used before, or its time is over: it opens the environment once, within a minute, "
                      "and what it opened stays open for 8 hours. Ask for another one: slipway env connect NAME");
  }
  request.caller = {.id = pass->who, .name = pass->who};
  if (!is_from_here(request, services.environments.connections().public_url())) {
    co_return refusal(base::ErrorKind::forbidden,
                      "The request comes from a page of another site (its Origin), which may not use this connection.");
  }
  if (request.path == broker::connect_path(environment)) co_return redirect(without_ticket(request, environment));
  auto endpoint = CO_TRY(co_await services.environments.connections().endpoint(environment));
  co_return co_await hand_on(services.runtime, request, environment, std::move(endpoint), leave(environment, *pass));
}

ConnectSurface::ConnectSurface(Services services)
    : impl_(std::make_unique<Impl>(Impl{.services = std::move(services)})) {
  impl_->router.serve_all("Connection", [this](http::Request& request) -> boost::asio::awaitable<http::Response> {
    auto answer = co_await impl_->answer(request);
    if (answer) co_return std::move(*answer);
    auto error = std::move(answer).error();
    // The program's mistake, not ours.
    if (error.code == "BadAnswer" || error.code == "AnswerTooLarge") error.kind = base::ErrorKind::unavailable;
    co_return http::failed(request, error, page(error));
  });
}

ConnectSurface::~ConnectSurface() = default;

const http::Router& ConnectSurface::router() const {
  return impl_->router;
}

http::Response ConnectSurface::no_route(const http::Request&, const http::Router::Match&) const {
  return page(base::not_found("There is nothing at this path."));
}

http::Response ConnectSurface::error(const http::Request&, const base::Error& error) const {
  return page(error);
}

}  // namespace slipway::surface::connect
