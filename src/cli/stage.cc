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

}  // namespace

void Stage::wipe() {
  if (std::exchange(drawn_, false)) out_ << "\r\033[K";
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
  out_ << fmt::format("   {:>8}  {} ...", readable_duration(elapsed), what) << std::flush;
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
  out_ << fmt::format("   {:>6.2f} s  {}", std::chrono::duration<double>(elapsed).count(), what.empty() ? what_ : what)
       << std::endl;
}

void Stage::quote(std::string_view text) {
  wipe();
  for (auto line : base::split(text, '\n')) {
    if (!line.empty()) out_ << "             " << line << '\n';
  }
  out_ << std::flush;
}

}  // namespace slipway::cli
