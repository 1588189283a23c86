#include "provider/local/watch.h"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>

#include <array>
#include <system_error>

#include "process/io.h"

namespace slipway::provider::local {

Bell::Bell(net::Runtime& runtime) : runtime_(runtime), event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!event_) throw std::system_error(errno, std::generic_category(), "making an event descriptor");
}

void Bell::ring() {
  ::eventfd_write(event_.get(), 1);
}

boost::asio::awaitable<void> Bell::wait(std::chrono::milliseconds patience) {
  co_await process::readable(runtime_, event_, patience);
  eventfd_t rings = 0;
  ::eventfd_read(event_.get(), &rings);
}

base::Result<FolderWatch> FolderWatch::open(net::Runtime& runtime, const std::filesystem::path& folder) {
  process::Fd events(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  constexpr auto kMask = IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_ONLYDIR | IN_DONT_FOLLOW;
  if (!events || ::inotify_add_watch(events.get(), folder.c_str(), kMask) < 0) {
    return base::from_errno(fmt::format("cannot watch the folder {}", folder.native()));
  }
  return FolderWatch(runtime, std::move(events));
}

boost::asio::awaitable<void> FolderWatch::changed() {
  co_await process::readable(*runtime_, events_);
  std::array<char, 4096> skipped;
  while (::read(events_.get(), skipped.data(), skipped.size()) > 0) {
  }
}

}  // namespace slipway::provider::local
