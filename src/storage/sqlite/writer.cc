#include "storage/sqlite/writer.h"

#include <algorithm>

#include "observe/log.h"

namespace slipway::storage::sqlite {

using base::Error;
using base::Result;
using std::chrono_literals::operator""s;

Writer::Writer(std::unique_ptr<SqliteConnection> connection, OpenFiles files)
    : connection_(std::move(connection)), files_(std::move(files)), thread_([this] { run(); }) {}

Writer::~Writer() {
  stop();
}

void Writer::submit(WriteJob& job) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_) {
      job.result = base::unavailable("the database is closed: the broker is stopping");
    } else if (queue_.size() >= kQueueLimit) {
      Error full = base::unavailable("more writes wait for the disk than the broker may queue: try again");
      full.kind = base::ErrorKind::throttled;
      full.retry_after = 1s;
      job.result = std::move(full);
    } else {
      queue_.push_back(&job);
      wake_.notify_one();
      return;
    }
  }
  std::exchange(job.resume, {})();
}

void Writer::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
  connection_->close();
}

std::uint64_t Writer::queued() const {
  std::lock_guard lock(mutex_);
  return queue_.size();
}

void Writer::run() {
  for (Group group = next_group(); !group.empty(); group = next_group()) {
    commit(group);
    checkpoint_if_due();
  }
}

// Waits for work and takes all of it. It does not wait for company, as the next group gathers while one is synced:
// waiting 50 or 200 us longer gained nothing that could be measured, 1 ms halved the rate of 4 to 16 writers.
// Empty: stopped, and nothing is left.
Writer::Group Writer::next_group() {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
  const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(std::min(queue_.size(), kGroupMembers));
  Group group(queue_.begin(), end);
  queue_.erase(queue_.begin(), end);
  return group;
}

void Writer::commit(const Group& group) {
  auto done = run_members(group);
  if (connection_->doubt()) fatal_disk_failure(*connection_->doubt());
  if (!done && connection_->in_transaction()) (void)connection_->run_script("ROLLBACK");
  commits_.fetch_add(1, std::memory_order_relaxed);
  transactions_.fetch_add(group.size(), std::memory_order_relaxed);
  for (auto* job : group) {
    if (!done && job->result) job->result = done.error();
  }
  note_full_disk(group, done.has_value());
  for (auto* job : group) {
    // The job may be gone as soon as its task goes on: nothing of it is touched any more.
    auto resume = std::move(job->resume);
    resume();
  }
}

// The error is of the group as a whole: none of it is stored.
Result<void> Writer::run_members(const Group& group) {
  TRY(connection_->execute("BEGIN IMMEDIATE", {}));
  for (auto* job : group) {
    TRY(connection_->execute("SAVEPOINT member", {}));
    run_member(*job);
    if (!connection_->in_transaction()) {
      // SQLite gave up the whole transaction, as it does when the disk is full.
      if (!job->result) return job->result.error();
      return base::internal("a transaction ended the group it was in");
    }
    if (!job->result || job->thrown) TRY(connection_->execute("ROLLBACK TO member", {}));
    TRY(connection_->execute("RELEASE member", {}));
  }
  TRY(check_files());
  TRY(connection_->execute("COMMIT", {}));
  return {};
}

// What is committed to files that nobody finds any more is lost when the broker ends. They may come back.
Result<void> Writer::check_files() {
  auto found = files_.check();
  if (!found && !gone_) observe::error("the database is gone, and every write is refused", found.error());
  if (found && gone_) observe::info("the database is back");
  gone_ = !found;
  return found;
}

void Writer::run_member(WriteJob& job) {
  try {
    job.result = job.work(*connection_);
  } catch (...) {
    job.thrown = std::current_exception();
  }
}

// Only what was stored tells that there is room again, or the time in which nobody looked.
void Writer::note_full_disk(const Group& group, bool committed) {
  const auto found_full = [](const WriteJob* job) { return !job->result && job->result.error().code == "DiskFull"; };
  const auto stored = [](const WriteJob* job) { return job->result.has_value() && !job->thrown; };
  if (std::ranges::any_of(group, found_full)) {
    disk_full_until_ = Clock::now() + std::chrono::minutes(1);
  } else if (committed && std::ranges::any_of(group, stored)) {
    disk_full_until_ = Clock::time_point::min();
  }
}

// A reader may hold part of the WAL back; then the next try comes after as many pages again, not after every group.
void Writer::checkpoint_if_due() {
  const int pages = connection_->wal_pages();
  if (pages < wal_pages_seen_) checkpoint_due_at_ = kCheckpointPages;  // it began anew
  wal_pages_seen_ = pages;
  if (pages < checkpoint_due_at_) return;
  checkpoint_due_at_ = pages + kCheckpointPages;
  auto copied = connection_->checkpoint();
  if (connection_->doubt()) fatal_disk_failure(*connection_->doubt());
  if (!copied) observe::warning("the write-ahead log cannot be copied into the database yet", copied.error());
}

}  // namespace slipway::storage::sqlite
