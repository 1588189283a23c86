#include "observe/log.h"

#include <fmt/format.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "base/text.h"
#include "observe/log_file.h"

namespace slipway::observe {

namespace {
constexpr std::size_t kPendingLimitBytes = 4 << 20;
constexpr auto kSoon = std::chrono::milliseconds(100);

std::string_view level_name(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warning:
      return "warning";
    case Level::error:
      return "error";
  }
}

using Line = fmt::memory_buffer;

void append(Line& line, std::string_view text) {
  line.append(text.data(), text.data() + text.size());
}

void append_escaped(Line& line, char c) {
  switch (c) {
    case '"':
      return append(line, "\\\"");
    case '\\':
      return append(line, "\\\\");
    case '\n':
      return append(line, "\\n");
    case '\t':
      return append(line, "\\t");
    case '\r':
      return append(line, "\\r");
    default:
      fmt::format_to(std::back_inserter(line), "\\u{:04x}", static_cast<unsigned char>(c));
  }
}

void append_string(Line& line, std::string_view text) {
  line.push_back('"');
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && text[plain] >= 0x20 && text[plain] < 0x7f && text[plain] != '"' &&
           text[plain] != '\\') {
      ++plain;
    }
    append(line, text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const auto size = base::utf8_sequence(text);
    if (size > 1) {
      append(line, text.substr(0, size));
    } else if (size == 1) {
      append_escaped(line, text[0]);
    } else {
      append(line, "\\ufffd");
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  line.push_back('"');
}

void append_value(Line& line, const FieldValue& value) {
  std::visit(
      [&](auto v) {
        if constexpr (std::is_same_v<decltype(v), std::string_view>) {
          append_string(line, v);
        } else {
          fmt::format_to(std::back_inserter(line), "{}", v);
        }
      },
      value.get());
}

bool is_empty_text(const FieldValue& value) {
  const auto* text = std::get_if<std::string_view>(&value.get());
  return text && text->empty();
}

void append_fields(Line& line, Fields fields) {
  for (const auto& field : fields) {
    if (is_empty_text(field.value)) continue;
    append(line, ",\"");
    append(line, field.name);
    append(line, "\":");
    append_value(line, field.value);
  }
}

void begin(Line& line, Level level, std::string_view message, base::Time now) {
  append(line, R"({"time":")");
  append(line, base::iso8601(now));
  append(line, R"(","level":")");
  append(line, level_name(level));
  append(line, R"(","message":)");
  append_string(line, message);
}

// Collects lines and writes them from its own thread.
class Writer {
 public:
  explicit Writer(std::unique_ptr<LogFile> file) : file_(std::move(file)), thread_([this] { run(); }) {}

  ~Writer() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  void add(std::string_view line, bool at_once) {
    const std::lock_guard lock(mutex_);
    if (pending_.size() + line.size() > kPendingLimitBytes) {
      ++lost_;
      return;
    }
    const bool first = pending_.empty();
    const bool newly_urgent = at_once && !std::exchange(urgent_, urgent_ || at_once);
    pending_ += line;
    if (first || newly_urgent) wake_.notify_one();
  }

  void flush() {
    std::unique_lock lock(mutex_);
    urgent_ = true;
    wake_.notify_one();
    written_.wait(lock, [&] { return pending_.empty() && !writing_; });
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return !pending_.empty() || stopping_; });
      if (pending_.empty()) return;
      wake_.wait_for(lock, kSoon, [&] { return urgent_ || stopping_; });
      write_pending(lock);
    }
  }

  void write_pending(std::unique_lock<std::mutex>& lock) {
    std::swap(writing_text_, pending_);
    urgent_ = false;
    writing_ = true;
    const auto lost = std::exchange(lost_, 0);
    lock.unlock();
    const auto now = base::system_clock().now();
    if (lost > 0) {
      Line line;
      begin(line, Level::warning, "log lines were lost: the log could not be written as fast as it grew", now);
      append_fields(line, {{"lines", lost}});
      append(line, "}\n");
      writing_text_.append(line.data(), line.size());
    }
    // There is nobody left to tell where the log itself fails; the next lines are tried again.
    const bool failed = !file_->write(writing_text_, now).has_value();
    writing_text_.clear();
    lock.lock();
    writing_ = false;
    if (failed) ++lost_;
    written_.notify_all();
  }

  std::unique_ptr<LogFile> file_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable written_;
  std::string pending_;
  std::string writing_text_;  // of the thread; the two take turns, so that neither grows anew with every write
  long long lost_ = 0;
  bool urgent_ = false;
  bool writing_ = false;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses all of the above
};

std::unique_ptr<Writer>& writer() {
  static std::unique_ptr<Writer> instance;
  return instance;
}

std::atomic<Level> least = Level::info;

void finish(Line& line, bool at_once) {
  append(line, "}\n");
  const std::string_view text(line.data(), line.size());
  if (writer()) return writer()->add(text, at_once);
  (void)LogFile({}, 1).write(text, base::system_clock().now());
}

void write(Level level, std::string_view message, Fields fields, bool at_once) {
  if (level < least.load(std::memory_order_relaxed)) return;
  Line line;
  begin(line, level, message, base::system_clock().now());
  append_fields(line, fields);
  finish(line, at_once);
}

void write_cause(Level level, std::string_view message, const base::Error& cause, Fields fields) {
  if (level < least.load(std::memory_order_relaxed)) return;
  Line line;
  begin(line, level, message, base::system_clock().now());
  append_fields(line, fields);
  append_fields(line, {{"error", cause.describe()},
                       {"kind", base::to_string(cause.kind)},
                       {"code", cause.code},
                       {"field", cause.field},
                       {"evidence", base::join(cause.evidence, "\n")}});
  finish(line, true);
}
}  // namespace

void log(Level level, std::string_view message, Fields fields) {
  write(level, message, fields, true);
}
void debug(std::string_view message, Fields fields) {
  write(Level::debug, message, fields, true);
}
void info(std::string_view message, Fields fields) {
  write(Level::info, message, fields, true);
}
void warning(std::string_view message, Fields fields) {
  write(Level::warning, message, fields, true);
}
void error(std::string_view message, Fields fields) {
  write(Level::error, message, fields, true);
}
void error(std::string_view message, const base::Error& cause, Fields fields) {
  write_cause(Level::error, message, cause, fields);
}
void warning(std::string_view message, const base::Error& cause, Fields fields) {
  write_cause(Level::warning, message, cause, fields);
}
void info_soon(std::string_view message, Fields fields) {
  write(Level::info, message, fields, false);
}

base::Result<void> start_log(LogSettings settings) {
  auto file = std::make_unique<LogFile>(std::move(settings.directory), settings.keep_days);
  TRY(file->open(base::system_clock().now()));
  least = settings.level;
  writer() = nullptr;
  writer() = std::make_unique<Writer>(std::move(file));
  return {};
}

void stop_log() {
  writer() = nullptr;
}

void flush_log() {
  if (writer()) writer()->flush();
}

}  // namespace slipway::observe
