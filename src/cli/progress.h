#pragma once
// What happens now, on stderr: a bar that redraws itself on a terminal, one line a step elsewhere.

#include <chrono>
#include <iosfwd>
#include <string>

namespace slipway::cli {

class Progress {
 public:
  // `title`: "Creating cluster demo".
  Progress(std::ostream& out, bool is_terminal, std::string title);
  // Wipes the bar.
  ~Progress();

  // `steps` 0: how many there will be is unknown. Redraws where anything changed, or the time did.
  void show(const std::string& step, int steps_done, int steps);
  // Replaces the bar by one line with the time it took.
  void finish(const std::string& end);
  std::chrono::milliseconds elapsed() const;

 private:
  void wipe();

  std::ostream& out_;
  bool is_terminal_;
  std::string title_;
  std::string last_step_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

// Of the terminal; 0 where there is none.
std::size_t terminal_columns();
// The beginning of `line` that leaves the cursor in its row: what wraps cannot be redrawn. Whole where no terminal is.
std::string one_row(std::string line);

// "0.3 s", "12.4 s", "3 min 05 s".
std::string readable_duration(std::chrono::milliseconds duration);

}  // namespace slipway::cli
