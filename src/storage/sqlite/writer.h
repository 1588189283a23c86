#pragma once
// The one thread that writes. It takes all transactions that wait (at most kGroupMembers), runs each in a savepoint of
// its own, commits them together and only then answers. Used by SqliteDatabase alone. Knows no table.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "storage/database.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/folder.h"

namespace slipway::storage::sqlite {

// One queued transaction. Lives in the frame of the task that waits for it.
struct WriteJob {
  Transaction work;
  std::function<void()> resume;  // called once, on the writer's thread, when `result` or `thrown` is set
  base::Result<void> result;
  std::exception_ptr thrown;  // what `work` threw, which is a bug of its own
};

class Writer {
 public:
  static constexpr std::size_t kQueueLimit = 4096;
  static constexpr std::size_t kGroupMembers = 64;
  // After this many pages (4 KiB each) the WAL is copied into the database file, between two groups: a pause of some
  // 5 to 10 ms. With 4,000 it is 30 ms, and no more writes a second.
  static constexpr int kCheckpointPages = 1000;

  // `files`: those of the connection.
  Writer(std::unique_ptr<SqliteConnection> connection, OpenFiles files);
  ~Writer();

  // Queues `job`, or refuses it at once: throttled where kQueueLimit wait, unavailable after stop(). From one thread.
  void submit(WriteJob& job);
  // Commits what is queued, ends the thread and closes the connection. Twice is harmless.
  void stop();

  std::uint64_t commits() const { return commits_.load(std::memory_order_relaxed); }
  std::uint64_t transactions() const { return transactions_.load(std::memory_order_relaxed); }
  std::uint64_t queued() const;
  // Whether the last write that was tried found the disk full, at most a minute ago: whom nobody asks for anything
  // while it is full tries no other. From any thread.
  bool disk_is_full() const { return Clock::now() < disk_full_until_.load(std::memory_order_relaxed); }

 private:
  using Clock = std::chrono::steady_clock;
  using Group = std::vector<WriteJob*>;

  void run();
  Group next_group();
  void commit(const Group& group);
  base::Result<void> run_members(const Group& group);
  void run_member(WriteJob& job);
  void note_full_disk(const Group& group, bool committed);
  base::Result<void> check_files();
  void checkpoint_if_due();

  std::unique_ptr<SqliteConnection> connection_;
  const OpenFiles files_;
  int wal_pages_seen_ = 0;
  int checkpoint_due_at_ = kCheckpointPages;
  bool gone_ = false;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<WriteJob*> queue_;
  bool stopping_ = false;
  std::atomic<std::uint64_t> commits_ = 0;
  std::atomic<std::uint64_t> transactions_ = 0;
  std::atomic<Clock::time_point> disk_full_until_{Clock::time_point::min()};
  std::thread thread_;
};

}  // namespace slipway::storage::sqlite
