#pragma once
// Where log lines go: stderr, or a file a day that is removed when it is old. Used by log.cc alone, from one thread.

#include <filesystem>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace slipway::observe {

class LogFile {
 public:
  // `directory` empty: stderr. Otherwise slipway-YYYY-MM-DD.log in it, made 0600; `keep_days` days besides today's
  // stay.
  LogFile(std::filesystem::path directory, int keep_days);
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  // Opens the file of `now`'s day if it is not open, and removes old ones.
  base::Result<void> open(base::Time now);
  // Appends `text`, whole lines, to the file of `now`'s day. Errors: that file cannot be opened or written (disk full).
  base::Result<void> write(std::string_view text, base::Time now);

 private:
  void remove_old(std::chrono::sys_days today) const;

  std::filesystem::path directory_;
  int keep_days_;
  int descriptor_ = -1;
  std::chrono::sys_days day_;
};

}  // namespace slipway::observe
