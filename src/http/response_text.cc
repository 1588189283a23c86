#include "http/response_text.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "observe/log.h"

namespace slipway::http {

namespace {
std::string_view reason(int status) {
  switch (status) {
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Other";
  }
}

// "Sun, 06 Nov 1994 08:49:37 GMT", formatted once a second. One thread answers.
const std::string& http_date(base::Time now) {
  static thread_local std::time_t second = -1;
  static thread_local std::string text;
  const auto current = std::chrono::system_clock::to_time_t(now);
  if (current != second) {
    text = fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(current));
    second = current;
  }
  return text;
}

bool is_clean(std::string_view text) {
  return std::ranges::none_of(text,
                              [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; });
}

void add(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}
}  // namespace

void write_response(const Response& response, const ResponseFraming& framing, base::Time now, std::string& out) {
  out.clear();
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\n", response.status, reason(response.status));
  add(out, "Date", http_date(now));
  const bool has_body = response.status != 101 && response.status != 204 && response.status != 304;
  if (has_body) {
    if (!response.content_type.empty() && (!response.body.empty() || response.stream)) {
      add(out, "Content-Type", response.content_type);
    }
  }
  if (has_body && response.stream) {
    if (!framing.is_http_1_0) add(out, "Transfer-Encoding", "chunked");
  } else if (has_body) {
    fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", response.body.size());
  }
  if (!framing.request_id.empty()) add(out, "x-amzn-RequestId", framing.request_id);
  for (const auto& [name, value] : response.headers) {
    if (is_clean(name) && is_clean(value)) {
      add(out, name, value);
    } else {
      observe::error("bug: a handler's header has control characters", {{"request_id", framing.request_id}});
    }
  }
  if (framing.closes) add(out, "Connection", "close");
  out += "\r\n";
  if (has_body && !framing.is_head) out += response.body;
}

}  // namespace slipway::http
