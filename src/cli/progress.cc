#include "cli/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <ostream>
#include <utility>

namespace slipway::cli {

namespace {

constexpr int kBarWidth = 20;

std::string bar(int done, int all, std::chrono::milliseconds elapsed) {
  std::string text(kBarWidth, ' ');
  if (all > 0) {
    int full = std::clamp(done * kBarWidth / all, 0, kBarWidth);
    std::fill_n(text.begin(), full, '=');
    if (full < kBarWidth) text[full] = '>';
  } else {  // a mark that walks says that something goes on
    int position = static_cast<int>(elapsed.count() / 100 % (2 * (kBarWidth - 3)));
    if (position >= kBarWidth - 3) position = 2 * (kBarWidth - 3) - position;
    text.replace(position, 3, "<=>");
  }
  return text;
}

}  // namespace

Progress::Progress(std::ostream& out, bool is_terminal, std::string title)
    : out_(out), is_terminal_(is_terminal), title_(std::move(title)) {
  if (!is_terminal_) out_ << title_ << " ..." << std::endl;
}

Progress::~Progress() {
  wipe();
}

void Progress::wipe() {
  if (std::exchange(drawn_, false)) out_ << "\r\033[K" << std::flush;
}

std::chrono::milliseconds Progress::elapsed() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started_);
}

void Progress::show(const std::string& step, int steps_done, int steps) {
  std::string count = steps > 0 ? fmt::format(" {}/{}", std::min(steps_done + 1, steps), steps) : "";
  if (is_terminal_) {
    wipe();
    out_ << one_row(fmt::format("{} [{}]{} {} {}", title_, bar(steps_done, steps, elapsed()), count,
                                readable_duration(elapsed()), step))
         << std::flush;
    drawn_ = true;
  } else if (!step.empty() && step != last_step_) {
    out_ << fmt::format("{:>8} {}{}", readable_duration(elapsed()), step, count) << std::endl;
  }
  last_step_ = step;
}

void Progress::finish(const std::string& end) {
  wipe();
  out_ << fmt::format("{}: {} after {}.", title_, end, readable_duration(elapsed())) << std::endl;
}

std::size_t terminal_columns() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0) ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
  return size.ws_col;
}

std::string one_row(std::string line) {
  auto columns = terminal_columns();
  if (columns == 0 || line.size() < columns) return line;
  auto end = columns - 1;
  while (end > 0 && (line[end] & 0xC0) == 0x80) --end;  // no half of a character
  line.resize(end);
  return line;
}

std::string readable_duration(std::chrono::milliseconds duration) {
  auto tenths = (duration.count() + 50) / 100;
  if (tenths < 600) return fmt::format("{}.{} s", tenths / 10, tenths % 10);
  return fmt::format("{} min {:02} s", tenths / 600, tenths % 600 / 10);
}

}  // namespace slipway::cli
