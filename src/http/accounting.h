#pragma once
// What every answered request leaves behind: one line in the access log and its numbers. Used by the session.

#include <chrono>
#include <map>
#include <string>
#include <string_view>

#include "http/message.h"
#include "observe/metrics.h"

namespace slipway::http {

class Accounting {
 public:
  explicit Accounting(observe::Metrics& metrics);

  // `surface`: its name, empty where none owned the path. `bytes`: of the answer's body. Never logs a query, a header
  // or a body.
  void answered(const Request& request, std::string_view surface, int status, std::size_t bytes,
                std::chrono::nanoseconds took);

  observe::Gauge connections;
  observe::Counter connections_refused;
  observe::Counter handshakes_failed;
  observe::Gauge in_flight;
  observe::Gauge streams;

 private:
  struct Numbers {
    observe::Histogram seconds;
    std::map<int, observe::Counter> by_status;
  };
  Numbers& numbers(std::string_view surface, const std::string& operation);

  observe::Metrics& metrics_;
  std::map<std::string, std::map<std::string, Numbers, std::less<>>, std::less<>> numbers_;  // by surface, operation
};

}  // namespace slipway::http
