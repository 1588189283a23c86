#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <cstdio>
#include <cstdlib>
#include <list>
#include <utility>
#include <vector>

#include "net/runtime.h"
#include "observe/log.h"

namespace slipway::net {

namespace asio = boost::asio;

namespace {

struct Member {
  std::string name;
  asio::cancellation_signal signal;
  bool running = false;
  bool cancelled = false;
};

void report_to_log(std::string_view name, std::string_view exception) {
  observe::error("a task was ended by an exception, which is a bug", {{"task", name}, {"exception", exception}});
}

}  // namespace

struct TaskGroup::Impl {
  Runtime& runtime;
  Reporter reporter;
  std::list<Member> members;
  std::vector<std::function<void()>> joiners;

  void ended(std::list<Member>::iterator member);
};

// Takes `member` out of the group. Its signal dies in a later turn, as Asio may look at the slot until the coroutine is
// destroyed; joiners go on after that.
void TaskGroup::Impl::ended(std::list<Member>::iterator member) {
  auto leaving = std::make_shared<std::list<Member>>();
  leaving->splice(leaving->end(), members, member);
  runtime.post([leaving] {});
  if (!members.empty()) return;
  for (auto& resume : std::exchange(joiners, {})) resume();
}

TaskGroup::TaskGroup(Runtime& runtime, Reporter reporter)
    : impl_(std::make_shared<Impl>(runtime, reporter ? std::move(reporter) : report_to_log)) {}

TaskGroup::~TaskGroup() {
  // While another exception unwinds, that one is the news.
  if (empty() || std::uncaught_exceptions() > 0) return;
  std::fprintf(stderr, "bug: a task group is destroyed while task %s runs\n", impl_->members.front().name.c_str());
  std::abort();
}

void TaskGroup::spawn(std::string name, std::function<asio::awaitable<void>()> task) {
  auto member = impl_->members.emplace(impl_->members.end());
  member->name = std::move(name);
  auto run = [impl = impl_, member, task = std::move(task)]() -> asio::awaitable<void> {
    // Begins in a turn of its own. Also, Boost 1.81's co_spawn lets operation_aborted escape from the loop for a
    // coroutine that was cancelled before it began or that ends without having left the stack; this and `running`
    // keep out of both.
    co_await asio::post(impl->runtime.io(), asio::use_awaitable);
    if (!member->cancelled) {
      member->running = true;
      try {
        co_await task();
      } catch (const boost::system::system_error& error) {
        const bool asked = member->cancelled && error.code() == asio::error::operation_aborted;
        if (!asked) impl->reporter(member->name, error.what());
      } catch (const std::exception& error) {
        impl->reporter(member->name, error.what());
      } catch (...) {
        impl->reporter(member->name, "not a std::exception");
      }
      member->running = false;
    }
    impl->ended(member);
  };
  asio::co_spawn(impl_->runtime.io(), std::move(run),
                 asio::bind_cancellation_slot(member->signal.slot(), [](std::exception_ptr) {}));
}

void TaskGroup::cancel() {
  // A member's handler may run inside emit() and take members away or add some: walk over those present now.
  auto& members = impl_->members;
  std::vector<std::list<Member>::iterator> present;
  for (auto member = members.begin(); member != members.end(); ++member) {
    member->cancelled = true;
    if (member->running) present.push_back(member);
  }
  for (auto member : present) member->signal.emit(asio::cancellation_type::terminal);
}

asio::awaitable<void> TaskGroup::join() {
  auto impl = impl_;
  while (!impl->members.empty()) {
    co_await suspend_until(impl->runtime,
                           [impl](std::function<void()> resume) { impl->joiners.push_back(std::move(resume)); });
  }
}

bool TaskGroup::empty() const {
  return impl_->members.empty();
}

void run_to_end(Runtime& runtime, std::function<asio::awaitable<void>()> task) {
  auto thrown = std::make_shared<std::exception_ptr>();
  asio::co_spawn(runtime.io(), std::move(task), [thrown, &runtime](std::exception_ptr exception) {
    *thrown = exception;
    runtime.stop();
  });
  runtime.run();
  if (*thrown) std::rethrow_exception(*thrown);
}

}  // namespace slipway::net
