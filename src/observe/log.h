#pragma once
// The log: one JSON object a line, to stderr or to a file a day. Used by every folder; the one thing that is reached
// without being passed along. Lines are written by a thread of its own, so that a slow disk or pipe never stops the I/O
// thread. Never give it a secret, a query value or a body: nothing here can tell.

#include <concepts>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "base/error.h"
#include "base/result.h"

namespace slipway::base {
class Secret;
}

namespace slipway::observe {

enum class Level { debug, info, warning, error };

class FieldValue {
 public:
  FieldValue(std::string_view text) : value_(text) {}
  FieldValue(const std::string& text) : value_(std::string_view(text)) {}
  FieldValue(const char* text) : value_(std::string_view(text)) {}
  FieldValue(bool flag) : value_(flag) {}
  FieldValue(double number) : value_(number) {}
  template <std::integral T>
  FieldValue(T number) : value_(static_cast<long long>(number)) {}
  FieldValue(const base::Secret&) = delete;

  const auto& get() const { return value_; }

 private:
  std::variant<std::string_view, bool, double, long long> value_;
};

// One member of the line, such as {"port", 8443}; `name` is a plain word. The correlation id of a request, execution or
// step stands as {kCorrelationId, id}; a field whose text is empty is left out.
struct Field {
  std::string_view name;
  FieldValue value;
};
using Fields = std::initializer_list<Field>;
inline constexpr std::string_view kCorrelationId = "correlation_id";

// {"time":"2021-04-30T00:00:00.000Z","level":"info","message":"...", fields in order}. From any thread; does not block.
// Bytes that are not UTF-8 are replaced. Past 4 MiB of unwritten lines the newest are dropped, and a line says how
// many.
void log(Level level, std::string_view message, Fields fields = {});
void debug(std::string_view message, Fields fields = {});
void info(std::string_view message, Fields fields = {});
void warning(std::string_view message, Fields fields = {});
void error(std::string_view message, Fields fields = {});
// Adds what the log may know of `cause`: its whole chain, kind, code, field and evidence.
void error(std::string_view message, const base::Error& cause, Fields fields = {});
void warning(std::string_view message, const base::Error& cause, Fields fields = {});
// Like info, for the access log: written with the next line or within 100 ms, instead of at once.
void info_soon(std::string_view message, Fields fields = {});

struct LogSettings {
  std::filesystem::path directory;  // of slipway-YYYY-MM-DD.log (UTC days); empty: stderr
  int keep_days = 30;               // older files are removed, at least 1
  Level level = Level::info;        // the least that is written
};

// Before start_log, lines go to stderr from the calling thread. Errors: the folder cannot be written. Call it once, in
// main, after forking into the background if at all; stop_log writes what is left and returns to that state.
base::Result<void> start_log(LogSettings settings);
void stop_log();
// Returns when every line so far is written.
void flush_log();

}  // namespace slipway::observe
