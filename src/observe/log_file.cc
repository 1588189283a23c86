#include "observe/log_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

namespace slipway::observe {

namespace {
constexpr std::string_view kPrefix = "slipway-";
constexpr std::string_view kSuffix = ".log";

std::string file_name(std::chrono::sys_days day) {
  return fmt::format("{}{}{}", kPrefix, base::iso8601(day).substr(0, 10), kSuffix);
}

// True for our own names alone: whatever else lies in the folder is not ours to remove.
bool is_log_name(std::string_view name) {
  if (name.size() != kPrefix.size() + 10 + kSuffix.size() || !name.starts_with(kPrefix) || !name.ends_with(kSuffix)) {
    return false;
  }
  const auto date = name.substr(kPrefix.size(), 10);
  for (std::size_t i = 0; i < date.size(); ++i) {
    const bool dash = i == 4 || i == 7;
    if (dash ? date[i] != '-' : (date[i] < '0' || date[i] > '9')) return false;
  }
  return true;
}
}  // namespace

LogFile::LogFile(std::filesystem::path directory, int keep_days)
    : directory_(std::move(directory)), keep_days_(keep_days) {
  if (directory_.empty()) descriptor_ = STDERR_FILENO;
}

LogFile::~LogFile() {
  if (!directory_.empty() && descriptor_ >= 0) ::close(descriptor_);
}

base::Result<void> LogFile::open(base::Time now) {
  const auto today = std::chrono::floor<std::chrono::days>(now);
  if (directory_.empty() || (descriptor_ >= 0 && day_ == today)) return {};
  std::error_code failure;
  std::filesystem::create_directories(directory_, failure);
  const auto path = directory_ / file_name(today);
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return base::from_errno("opening the log file " + path.string());
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = descriptor;
  day_ = today;
  remove_old(today);
  return {};
}

base::Result<void> LogFile::write(std::string_view text, base::Time now) {
  TRY(open(now));
  while (!text.empty()) {
    const auto written = ::write(descriptor_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return base::from_errno("writing the log");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

// Names sort as their dates do, so a name says everything; the file's times may have been touched.
void LogFile::remove_old(std::chrono::sys_days today) const {
  const auto oldest_kept = file_name(today - std::chrono::days(keep_days_));
  std::error_code failure;
  for (const auto& entry : std::filesystem::directory_iterator(directory_, failure)) {
    const auto name = entry.path().filename().string();
    if (is_log_name(name) && name < oldest_kept) std::filesystem::remove(entry.path(), failure);
  }
}

}  // namespace slipway::observe
