#include "cli/api_error.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "cli/client.h"
#include "cli/output.h"

namespace slipway::cli {

namespace {

base::ErrorKind kind_of(int status, const std::string& message) {
  // The contract answers a second cluster of one name with 400 (CreateCluster, quirk to keep).
  if (status == 400 && message.ends_with(" already exists.")) return base::ErrorKind::conflict;
  switch (status) {
    case 401:
      return base::ErrorKind::unauthenticated;
    case 403:
      return base::ErrorKind::forbidden;
    case 404:
      return base::ErrorKind::not_found;
    case 409:
      return base::ErrorKind::conflict;
    case 429:
      return base::ErrorKind::throttled;
    case 408:
    case 504:
      return base::ErrorKind::timed_out;
    default:
      return status / 100 == 4 ? base::ErrorKind::invalid : base::ErrorKind::unavailable;
  }
}

std::string message_of(const Answer& answer) {
  auto message = text_at(answer.body, "/message");
  if (message.empty()) message = text_at(answer.body, "/Message");  // the gateway's refusals
  for (std::string_view prefix : {"Bad Request: "}) {
    if (message.starts_with(prefix)) message.erase(0, prefix.size());
  }
  return message;
}

void add_details(std::vector<std::string>& lines, const boost::json::value& body) {
  for (const auto& item : items_at(body, "/configurationValidationErrors")) {
    lines.push_back(
        fmt::format("{} {}: {}", text_at(item, "/level"), text_at(item, "/type"), text_at(item, "/message")));
  }
  for (const auto& item : items_at(body, "/updateValidationErrors")) {
    lines.push_back(fmt::format("{}: {}", text_at(item, "/parameter"), text_at(item, "/message")));
  }
}

// The contract fixes the message, which does not say what to do.
std::string_view remedy_for(const std::string& message) {
  if (message.find("supplied instance types do not exist") == std::string::npos) return {};
  return "Name another; in region local the broker's setting instance_types adds types.";
}

}  // namespace

base::Error error_of(const Answer& answer, const Connection& connection) {
  base::Error error;
  error.message = message_of(answer);
  error.kind = kind_of(answer.status, error.message);
  if (error.message.empty()) {
    error.message = fmt::format("{} answered with status {} and no message.", connection.url, answer.status);
  }
  add_details(error.evidence, answer.body);
  if (const auto remedy = remedy_for(error.message); !remedy.empty()) error.evidence.emplace_back(remedy);
  if (answer.status == 401 || answer.status == 403) {
    const auto& key = connection.credentials;
    error.evidence.push_back(
        fmt::format("Signed with access key {} from {}.", key.credentials.access_key_id, key.origin));
    if (connection.local && key.origin.starts_with("AWS_")) {
      error.evidence.push_back("To use the local broker's own key instead, unset AWS_ACCESS_KEY_ID.");
    }
  }
  return error;
}

}  // namespace slipway::cli
