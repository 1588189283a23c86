#include "cli/steps.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/text.h"
#include "cli/output.h"

namespace slipway::cli {

namespace {

namespace json = boost::json;

constexpr std::string_view kIndent = "              ";  // under the text that follows a time

std::optional<base::Time> parse_time(const std::string& iso) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, milli = 0;
  if (std::sscanf(iso.c_str(), "%d-%d-%dT%d:%d:%d.%d", &year, &month, &day, &hour, &minute, &second, &milli) != 7) {
    return std::nullopt;
  }
  auto date = std::chrono::sys_days(std::chrono::year(year) / month / day);
  return date + std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second) +
         std::chrono::milliseconds(milli);
}

// How long a step or an execution took; empty while it runs.
std::string duration_of(const json::value& of) {
  auto began = parse_time(text_at(of, "/startedAt")), ended = parse_time(text_at(of, "/endedAt"));
  if (!began || !ended) return "";
  return fmt::format(" after {:.2f} s", std::chrono::duration<double>(*ended - *began).count());
}

void add_line(std::string& text, const std::string& iso, const std::string& what) {
  text += fmt::format("{:<12}  {}\n", iso.size() >= 23 ? iso.substr(11, 12) : "", what);
}

void add_failure(std::string& text, const json::value& of, std::string_view before = "") {
  auto message = text_at(of, "/failure/message");
  if (message.empty()) return;
  auto code = text_at(of, "/failure/code");
  text += fmt::format("{}    {}{}{}\n", kIndent, before, message, code.empty() ? "" : " (" + code + ")");
  for (const auto& line : items_at(of, "/failure/evidence")) {
    if (line.is_string()) text += fmt::format("{}    | {}\n", kIndent, std::string_view(line.get_string()));
  }
}

void add_request(std::string& text, const json::value& request) {
  auto line = fmt::format("{} by {}", text_at(request, "/operation"), text_at(request, "/who"));
  // What the broker does by itself comes over no surface.
  if (const auto surface = text_at(request, "/surface"); surface != "broker") line += " over " + surface;
  if (const auto id = text_at(request, "/requestId"); !id.empty()) line += ", request " + id;
  if (const auto correlation = text_at(request, "/correlationId"); !correlation.empty()) {
    line += ", correlation " + correlation;
  }
  if (const auto reason = text_at(request, "/after/reason"); !reason.empty()) line += ": " + reason;
  add_line(text, text_at(request, "/at"), line);
}

// What a person has to do for a step that waits for one; empty for every other.
std::string wanted_of_person(const json::value& step, const std::string& execution) {
  if (text_at(step, "/state") != "Waiting") return "";
  const auto action = text_at(step, "/action");
  if (action == "aws:approve") return "waits for approval: slipway execution approve " + execution + ", or reject";
  if (action == "aws:pause") return "waits for a person: slipway execution resume " + execution;
  if (text_at(step, "/waitsFor") == "decision") {
    return fmt::format(
        "is held until a person decides: slipway execution adopt {} (it has succeeded), or retry (call it again), "
        "skip (go on without it) or fail",
        execution);
  }
  return "";
}

// "ann, bob", of texts or of one.
std::string listed(const json::value& value, std::string_view pointer) {
  std::vector<std::string> names;
  for (const auto& name : items_at(value, pointer)) names.push_back(text_at(name, ""));
  return names.empty() ? text_at(value, pointer) : base::join(names, ", ");
}

// What the approvers of a step are asked, and what each said.
void add_approval(std::string& text, const json::value& step) {
  const auto approvers = listed(step, "/approval/approvers");
  if (approvers.empty()) return;
  const auto required = text_at(step, "/approval/required");
  auto line = fmt::format("asks {}", approvers);
  if (!required.empty() && required != "1") line += fmt::format(", of whom {} have to approve", required);
  if (const auto message = text_at(step, "/approval/message"); !message.empty()) line += ": " + message;
  text += fmt::format("{}    {}\n", kIndent, line);
  for (const auto& one : items_at(step, "/approval/decisions")) {
    line = fmt::format("{} by {} at {}", text_at(one, "/decision") == "approve" ? "approved" : "rejected",
                       text_at(one, "/by"), readable_time(text_at(one, "/at")));
    if (const auto comment = text_at(one, "/comment"); !comment.empty()) line += ": " + comment;
    text += fmt::format("{}    {}\n", kIndent, line);
  }
}

// The execution that a step started; while the step waits for it, whatever a person has to do is to be done there.
void add_child(std::string& text, const json::value& step) {
  const auto child = text_at(step, "/child");
  if (child.empty()) return;
  const bool waits = text_at(step, "/state") == "Waiting" && text_at(step, "/waitsFor") == "child";
  text += waits ? fmt::format("{}    waits for its child {}: slipway why {}\n", kIndent, child, child)
                : fmt::format("{}    child {}\n", kIndent, child);
}

void add_step(std::string& text, const json::value& step, const std::string& execution) {
  auto line = fmt::format("  {} ({}): {}{}", text_at(step, "/name"), text_at(step, "/action"), text_at(step, "/state"),
                          duration_of(step));
  if (auto progress = text_at(step, "/progress"); !progress.empty()) line += ", " + progress;
  if (auto restarts = text_at(step, "/restarts"); !restarts.empty()) {
    line +=
        fmt::format(", taken up again after {} {} of the broker", restarts, restarts == "1" ? "restart" : "restarts");
  }
  add_line(text, text_at(step, "/startedAt"), line);
  add_approval(text, step);
  add_child(text, step);
  if (auto wanted = wanted_of_person(step, execution); !wanted.empty()) {
    text += fmt::format("{}    {}\n", kIndent, wanted);
  }
  for (const auto& note : items_at(step, "/notes")) text += fmt::format("{}    {}\n", kIndent, text_at(note, ""));
  for (const auto& attempt : items_at(step, "/failedAttempts")) {
    add_failure(text, attempt, fmt::format("attempt {}: ", text_at(attempt, "/attempt")));
  }
  if (items_at(step, "/failedAttempts").empty()) add_failure(text, step);
}

void add_execution(std::string& text, const json::value& execution) {
  add_line(text, text_at(execution, "/createdAt"),
           fmt::format("{} with document {}: {}{}", text_at(execution, "/kind"), text_at(execution, "/document"),
                       text_at(execution, "/state"), duration_of(execution)));
  for (const auto& step : items_at(execution, "/steps")) {
    add_step(text, step, text_at(execution, "/id"));
  }
  if (text_at(execution, "/failedStep").empty()) add_failure(text, execution);
  if (auto by = text_at(execution, "/cancelledBy"); !by.empty()) {
    const bool completing = text_at(execution, "/completing") == "true";
    add_line(text, text_at(execution, "/cancelledAt"),
             (completing ? "  told to begin no further step by " : "  cancelled by ") + by);
  }
}

}  // namespace

base::Result<json::value> fetch_why(const Client& client, const std::string& name) {
  auto path = fmt::format("/slipway/v1/environments/{}/why", base::percent_encode(name));
  return client.call({.method = "GET", .path = std::move(path)});
}

void add_current_step(const Client& client, const std::string& name, Look& look) {
  auto why = fetch_why(client, name);
  if (!why) return;
  const auto& executions = items_at(*why, "/executions");
  if (executions.empty()) return;
  const auto& steps = items_at(executions.back(), "/steps");
  if (!steps.empty()) look.step = text_at(steps.back(), "/name");
  if (auto progress = steps.empty() ? "" : text_at(steps.back(), "/progress"); !progress.empty()) look.step = progress;
  if (!steps.empty()) {
    const auto wanted = wanted_of_person(steps.back(), text_at(executions.back(), "/id"));
    if (!wanted.empty()) look.step += " " + wanted;
  }
  look.steps_done = steps.empty() ? 0 : static_cast<int>(steps.size()) - 1;
}

std::string describe_why(const json::value& why) {
  std::string text = text_at(why, "/conclusion") + "\n";
  for (const auto& one : items_at(why, "/unhealthy")) {
    text += fmt::format("{} {} is {}: {}\n", text_at(one, "/instance"), text_at(one, "/node"), text_at(one, "/state"),
                        text_at(one, "/problem"));
  }
  text += fmt::format("\n{} of type {} in region {}, times of {} in UTC\n", text_at(why, "/id"), text_at(why, "/type"),
                      text_at(why, "/region"), text_at(why, "/createdAt").substr(0, 10));
  // Requests and what came of them, in the order of time.
  const auto& requests = items_at(why, "/requests");
  const auto& executions = items_at(why, "/executions");
  std::size_t at = 0;
  for (const auto& execution : executions) {
    while (at < requests.size() && text_at(requests[at], "/at") <= text_at(execution, "/createdAt")) {
      add_request(text, requests[at++]);
    }
    add_execution(text, execution);
  }
  while (at < requests.size()) add_request(text, requests[at++]);
  return text;
}

}  // namespace slipway::cli
