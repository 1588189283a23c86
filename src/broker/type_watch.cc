#include "broker/type_watch.h"

#include <sys/inotify.h>

#include <array>

#include "process/io.h"

namespace slipway::broker {

base::Result<TypeWatch> TypeWatch::open(net::Runtime& runtime) {
  process::Fd events(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!events) return base::from_errno("cannot watch folders of environment types");
  return TypeWatch(runtime, std::move(events));
}

void TypeWatch::add(const std::vector<std::filesystem::path>& folders) {
  // A file counts when its writer has closed it, so that no half of it is read.
  constexpr auto kMask =
      IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_CLOSE_WRITE | IN_ONLYDIR | IN_DONT_FOLLOW;
  for (const auto& folder : folders) ::inotify_add_watch(events_.get(), folder.c_str(), kMask);
}

boost::asio::awaitable<void> TypeWatch::changed() {
  co_await process::readable(*runtime_, events_);
  std::array<char, 4096> skipped;
  while (::read(events_.get(), skipped.data(), skipped.size()) > 0) {
  }
}

}  // namespace slipway::broker
