#include "cli/stage.h"

#include <fmt/format.h>

#include <ostream>
#include <utility>

#include "base/text.h"
#include "cli/progress.h"

namespace slipway::cli {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::string_view kIndent = "             ";
constexpr std::size_t kLeastRoom = 20;  // columns; with fewer the terminal breaks lines

}  // namespace

void Stage::wipe() {
  if (std::exchange(drawn_, false)) out_ << "\r\033[K" << std::flush;
}

void Stage::heading(int number, std::string_view text) {
  wipe();
  out_ << (is_terminal_ ? fmt::format("\n\033[1m{}  {}\033[0m", number, text) : fmt::format("\n{}  {}", number, text))
       << std::endl;
}

void Stage::now(const std::string& what) {
  if (!is_terminal_) return;
  wipe();
  auto elapsed = std::chrono::duration_cast<milliseconds>(steady_clock::now() - began_);
  out_ << one_row(fmt::format("   {:>8}  {} ...", readable_duration(elapsed), what)) << std::flush;
  drawn_ = true;
}

void Stage::begin(std::string what) {
  what_ = std::move(what);
  began_ = steady_clock::now();
  now(what_);
}

void Stage::done(const std::string& what) {
  wipe();
  auto elapsed = steady_clock::now() - began_;
  auto said = rows(what.empty() ? what_ : what).substr(kIndent.size());
  out_ << fmt::format("   {:>6.2f} s  {}", std::chrono::duration<double>(elapsed).count(), said) << std::flush;
}

std::string Stage::rows(std::string_view line) const {
  auto columns = is_terminal_ ? terminal_columns() : 0;
  auto room = columns < kIndent.size() + kLeastRoom ? line.size() : columns - kIndent.size();
  std::string text;
  while (line.size() > room) {
    auto at = line.substr(0, room).find_last_of(" ,");
    auto taken = at == std::string_view::npos ? room : at + 1;
    text.append(kIndent).append(line.substr(0, taken)).append("\n");
    line.remove_prefix(taken);
  }
  return text.append(kIndent).append(line).append("\n");
}

void Stage::quote(std::string_view text) {
  wipe();
  for (auto line : base::split(text, '\n')) {
    if (!line.empty()) out_ << rows(line);
  }
  out_ << std::flush;
}

}  // namespace slipway::cli
