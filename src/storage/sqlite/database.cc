#include "storage/sqlite/database.h"

#include "storage/sqlite/connection.h"
#include "storage/sqlite/folder.h"
#include "storage/sqlite/migrate.h"
#include "storage/sqlite/readers.h"
#include "storage/sqlite/writer.h"

namespace slipway::storage::sqlite {

using base::Result;

namespace {

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(net::Runtime& runtime, OpenFiles files, FolderLock lock, std::unique_ptr<SqliteConnection> writing,
                 std::unique_ptr<SqliteConnection> reading)
      : runtime_(runtime),
        files_(std::move(files)),
        lock_(std::move(lock)),
        writer_(std::move(writing), files_),
        reader_(std::move(reading)),
        readers_(std::make_shared<Readers>(files_)) {}
  ~SqliteDatabase() override { stop(); }

  net::Task<void> write(Transaction work) override {
    WriteJob job;
    job.work = std::move(work);
    co_await net::suspend_until(runtime_, [&](std::function<void()> resume) {
      job.resume = std::move(resume);
      writer_.submit(job);
    });
    if (job.thrown) std::rethrow_exception(job.thrown);
    co_return std::move(job.result);
  }

  Connection& reader() override { return *reader_; }

  // The pool may begin the work after stop(): it holds the readers, which then refuse, and nothing else of this.
  net::Task<void> read(Transaction work) override {
    std::function<Result<void>()> scan = [readers = readers_, work = std::move(work)] { return readers->run(work); };
    return net::run_blocking(runtime_, std::move(scan));
  }

  net::Task<void> backup(std::string path) override {
    std::function<Result<void>()> copy = [readers = readers_, path = std::move(path)] {
      return readers->copy_to(path);
    };
    return net::run_blocking(runtime_, std::move(copy));
  }

  Result<void> check() override {
    if (!lock_) return base::unavailable("the database is closed: the broker is stopping");
    TRY(files_.check());
    // Without the folder's name: what health says goes to everybody.
    if (writer_.disk_is_full()) {
      return base::unavailable("nothing can be stored: the disk or quota of the data folder is full", "DiskFull");
    }
    return {};
  }

  DatabaseStatistics statistics() const override {
    std::error_code ignored;
    const auto size = std::filesystem::file_size(files_.path(), ignored);
    return {.commits = writer_.commits(),
            .transactions = writer_.transactions(),
            .queued = writer_.queued(),
            .queue_limit = Writer::kQueueLimit,
            .size_bytes = ignored ? 0 : static_cast<std::int64_t>(size)};
  }

  // The writer's connection is the last to close: SQLite then copies the WAL into the file and removes it.
  void stop() override {
    readers_->close();
    reader_->close();
    writer_.stop();
    lock_.reset();
  }

 private:
  net::Runtime& runtime_;
  const OpenFiles files_;
  std::optional<FolderLock> lock_;
  Writer writer_;
  std::unique_ptr<SqliteConnection> reader_;
  std::shared_ptr<Readers> readers_;
};

}  // namespace

Result<std::unique_ptr<Database>> open_database(net::Runtime& runtime, const std::filesystem::path& folder,
                                                std::span<const Migration> known) {
  const auto file = folder / "slipway.db";
  TRY(refuse_network_file_system(folder));
  auto lock = TRY(FolderLock::take(file));
  TRY(make_private_file(file));
  auto writing = TRY(SqliteConnection::open(file, SqliteConnection::Mode::writer));
  TRY(migrate(*writing, file, known));
  auto reading = TRY(SqliteConnection::open(file, SqliteConnection::Mode::reader));
  // By now both are open: migrate() reads at least.
  std::unique_ptr<Database> database = std::make_unique<SqliteDatabase>(runtime, OpenFiles(file), std::move(lock),
                                                                        std::move(writing), std::move(reading));
  return database;
}

}  // namespace slipway::storage::sqlite
