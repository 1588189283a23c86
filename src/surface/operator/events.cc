#include "broker/events.h"

#include <fmt/format.h>

#include "net/doorbell.h"
#include "surface/operator/operations.h"

namespace slipway::surface::operator_api {

namespace {

constexpr std::size_t kMostAtOnceBytes = 64 << 10;
constexpr std::chrono::seconds kHeartbeat{15};  // under what proxies wait for on a silent connection

// All by value: it runs after the operation has returned.
boost::asio::awaitable<void> follow(Services services, base::EnvironmentId environment, broker::Events::Place place,
                                    http::BodyWriter& writer) {
  auto& ring = services.environments.events().ring();
  net::Doorbell bell(services.runtime);
  const broker::Events::Follower follower(ring, [&bell] { bell.ring(); });
  // The place is known from the first byte on, so that also who saw no event can resume.
  if (!co_await writer.write(fmt::format(": ready\nretry: 2000\nid: {}\n\n", broker::Events::print(place)))) co_return;
  for (;;) {
    auto told = co_await services.environments.events().after(place, environment, kMostAtOnceBytes);
    // The client comes back to where it was.
    if (!told) co_return;
    place = told->place;
    auto text = std::move(told->text);
    if (text.empty()) {
      if (co_await bell.wait_until(net::in(kHeartbeat))) continue;
      text = ": alive\n\n";
    }
    if (!co_await writer.write(std::move(text))) co_return;
  }
}

net::Task<http::Response> follow_events(Call call) {
  auto& environments = call.services.environments;
  auto& events = environments.events();
  base::EnvironmentId environment;
  if (const auto wanted = call.text("environment"); !wanted.empty()) {
    environment = CO_TRY(environments.resolve(wanted))->id;
  }
  // A client that comes back sends the request that it sent first, and where it was. It goes on behind a gap where that
  // is later than every event: an older backup was restored meanwhile.
  const auto* last = call.request.header("Last-Event-ID");
  const std::string field = last != nullptr && !last->empty() ? "Last-Event-ID" : "since";
  const auto since = field == "since" ? call.text("since") : *last;
  const auto came_back = field == "since" ? std::nullopt : broker::Events::parse(since);
  auto place = came_back.value_or(events.ring().now());
  if (!came_back && !since.empty()) {
    auto found = co_await events.place_of(since);
    if (!found && found.error().kind == base::ErrorKind::invalid) {
      co_return base::invalid(fmt::format("{}: {}", field, found.error().message), field);
    }
    place = CO_TRY(std::move(found));
  }
  http::Response response{.status = 200, .headers = {{"Cache-Control", "no-store"}}, .body = {}};
  response.content_type = "text/event-stream";
  response.stream = [services = call.services, environment, place](http::BodyWriter& writer) {
    return follow(services, environment, place, writer);
  };
  co_return response;
}

}  // namespace

Operations event_operations() {
  return {{"FollowEvents", follow_events}};
}

}  // namespace slipway::surface::operator_api
