#include "tool/types_test/tested_environment.h"

#include <fmt/format.h>

#include <boost/json/array.hpp>

#include "cli/output.h"
#include "cli/steps.h"
#include "cli/wait.h"

namespace slipway::tool {

namespace json = boost::json;

namespace {

// Where the newest execution waits, and the effect of its last step is held.
std::string held_kind(const json::value& why) {
  const auto& executions = cli::items_at(why, "/executions");
  if (executions.empty() || cli::text_at(executions.back(), "/state") != "Waiting") return {};
  const auto& steps = cli::items_at(executions.back(), "/steps");
  if (steps.empty() || cli::text_at(steps.back(), "/effect") != "held") return {};
  return cli::text_at(executions.back(), "/kind");
}

// Of the newest execution, where it has failed.
std::vector<std::string> last_lines(const json::value& why) {
  const auto& executions = cli::items_at(why, "/executions");
  std::vector<std::string> lines;
  if (executions.empty()) return lines;
  for (const auto& line : cli::items_at(executions.back(), "/failure/evidence"))
    lines.push_back(cli::text_at(line, ""));
  return lines;
}

}  // namespace

std::string_view to_string(Operation operation) {
  switch (operation) {
    case Operation::launch:
      return "launch";
    case Operation::stop:
      return "stop";
    case Operation::start:
      return "start";
    case Operation::terminate:
      return "terminate";
  }
}

std::string_view wanted(Operation operation) {
  switch (operation) {
    case Operation::launch:
    case Operation::start:
      return "available";
    case Operation::stop:
      return "stopped";
    case Operation::terminate:
      return "terminated";
  }
}

std::string TestedEnvironment::path(std::string_view rest) const {
  return fmt::format("/slipway/v1/environments/{}{}", name_, rest);
}

base::Result<std::optional<Seen>> TestedEnvironment::look(const cli::Client& client) const {
  auto why = client.call({.method = "GET", .path = path("/why")});
  if (!why && why.error().kind == base::ErrorKind::not_found) return std::optional<Seen>();
  const auto body = TRY(std::move(why));
  return std::optional(Seen{.status = cli::text_at(body, "/status"),
                            .held = held_kind(body),
                            .reason = cli::text_at(body, "/conclusion"),
                            .lines = last_lines(body)});
}

std::string TestedEnvironment::doing(const cli::Client& client) const {
  cli::Look look;
  cli::add_current_step(client, name_, look);
  return look.step.empty() ? "" : fmt::format(", at step {}", look.step);
}

bool TestedEnvironment::not_asked(Operation operation, const std::optional<Seen>& seen) {
  if (!seen) return operation == Operation::launch;
  switch (operation) {
    case Operation::launch:
      return false;
    case Operation::stop:
      return seen->status == "available";
    case Operation::start:
      return seen->status == "stopped";
    case Operation::terminate:
      return seen->status != "terminating" && seen->status != "terminated";
  }
}

base::Result<void> TestedEnvironment::ask(const cli::Client& client, Operation operation) const {
  if (operation == Operation::terminate) {
    TRY(client.call({.method = "DELETE", .path = path()}));
    return {};
  }
  if (operation != Operation::launch) {
    TRY(client.call({.method = "POST", .path = path(fmt::format("/{}", to_string(operation)))}));
    return {};
  }
  json::object body{{"type", type_.name}, {"name", name_}, {"region", "local"}};
  if (!type_.configuration.empty()) body["configuration"] = type_.configuration;
  if (!type_.parameters.empty()) body["parameters"] = type_.parameters;
  TRY(client.call({.method = "POST", .path = "/slipway/v1/environments", .body = std::move(body)}));
  return {};
}

base::Result<json::object> TestedEnvironment::connect(const cli::Client& client) const {
  const auto answer = TRY(client.call({.method = "POST", .path = path("/connect")}));
  boost::system::error_code absent;
  const auto* values = answer.find_pointer("/values", absent);
  return values != nullptr && values->is_object() ? values->get_object() : json::object();
}

base::Result<std::string> TestedEnvironment::directory(const cli::Client& client) const {
  const auto why = TRY(client.call({.method = "GET", .path = path("/why")}));
  // Two names that are in use.
  const auto directory = cli::text_at(why, "/outputs/Directory");
  return directory.empty() ? cli::text_at(why, "/outputs/Folder") : directory;
}

}  // namespace slipway::tool
