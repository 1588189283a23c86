#include "process/folder_watch.h"

#include <fmt/format.h>
#include <sys/inotify.h>

#include <array>

#include "process/io.h"

namespace slipway::process {

namespace {
// A file counts when its writer has closed it, so that no half of it is read.
constexpr auto kMask = IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_CLOSE_WRITE | IN_ONLYDIR;
}  // namespace

base::Result<FolderWatch> FolderWatch::open(net::Runtime& runtime) {
  Fd events(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!events) return base::from_errno("cannot watch folders");
  return FolderWatch(runtime, std::move(events));
}

base::Result<void> FolderWatch::add(const std::filesystem::path& folder) {
  const int watch = ::inotify_add_watch(events_.get(), folder.c_str(), kMask | IN_DONT_FOLLOW);
  if (watch < 0) return base::from_errno(fmt::format("cannot watch the folder {}", folder.native()));
  folders_.insert(watch);
  return {};
}

void FolderWatch::add_name(const std::filesystem::path& path) {
  const auto whole = std::filesystem::absolute(path).lexically_normal();
  const auto named = whole.has_filename() ? whole : whole.parent_path();
  const int watch = ::inotify_add_watch(events_.get(), named.parent_path().c_str(), kMask);
  if (watch >= 0) names_[watch].insert(named.filename().string());
}

// Takes what there is; true where something of it counts.
bool FolderWatch::take_events() {
  bool counts = false;
  alignas(inotify_event) std::array<char, 4096> buffer;
  for (;;) {
    const auto size = ::read(events_.get(), buffer.data(), buffer.size());
    if (size <= 0) return counts;
    for (ssize_t at = 0; at < size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
      const auto names = names_.find(event->wd);
      // One without a watch says that some were lost.
      counts = counts || folders_.contains(event->wd) || event->wd < 0 ||
               (names != names_.end() && event->len > 0 && names->second.contains(std::string_view(event->name)));
      // The kernel took the watch away: the folder is gone.
      if ((event->mask & IN_IGNORED) != 0) {
        folders_.erase(event->wd);
        names_.erase(event->wd);
      }
    }
  }
}

boost::asio::awaitable<void> FolderWatch::changed() {
  do {
    co_await readable(*runtime_, events_);
  } while (!take_events());
}

}  // namespace slipway::process
