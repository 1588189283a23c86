#pragma once
// How the demo shows what it does: numbered stages, a mark and a time beside each step, its real output below it.

#include <chrono>
#include <iosfwd>
#include <string>
#include <string_view>

namespace slipway::cli {

class Stage {
 public:
  Stage(std::ostream& out, bool is_terminal) : out_(out), is_terminal_(is_terminal) {}
  // Wipes what goes on.
  ~Stage() { wipe(); }
  Stage(const Stage&) = delete;

  // "2  POST /v3/clusters"
  void heading(int number, std::string_view text);
  // Says what goes on; on a terminal only, and until the next line.
  void now(const std::string& what);
  // The step that began with begin(), with the time since then.
  void begin(std::string what);
  void done(const std::string& what = {});
  // Each line indented.
  void quote(std::string_view text);

 private:
  void wipe();
  // One or, on a narrow terminal, more rows under the text that follows a time; broken where words or lists end.
  std::string rows(std::string_view line) const;

  std::ostream& out_;
  bool is_terminal_;
  bool drawn_ = false;
  std::string what_;
  std::chrono::steady_clock::time_point began_;
};

}  // namespace slipway::cli
