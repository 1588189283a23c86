#include "server/crash_database.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"

namespace slipway::server {

namespace {

// Notes which tables a transaction writes.
class Watch final : public storage::Connection {
 public:
  explicit Watch(storage::Connection& inner) : inner_(inner) {}

  base::Result<std::int64_t> execute(std::string_view sql, std::initializer_list<storage::Value> values) override {
    const auto changed = TRY(inner_.execute(sql, values));
    // The idle rule's clock is written without anybody having asked for anything: no point of an execution.
    const bool lifecycle = !sql.starts_with("UPDATE environment ") || sql.find(" status = ") != sql.npos;
    if (changed > 0 && lifecycle) tables_.insert(table_of(sql));
    return changed;
  }
  base::Result<void> query(std::string_view sql, std::initializer_list<storage::Value> values,
                           const std::function<void(const storage::Row&)>& visit) override {
    return inner_.query(sql, values, visit);
  }

  // Of the tables that were written, those that belong to an environment's life: "port, resource".
  std::string life() const {
    std::vector<std::string> written;
    for (const auto* table : {"environment", "execution", "effect", "port", "resource"}) {
      if (tables_.contains(table)) written.emplace_back(table);
    }
    return base::join(written, ", ");
  }

 private:
  // UPDATE x, INSERT INTO x, DELETE FROM x.
  static std::string table_of(std::string_view sql) {
    const auto words = base::split(sql, ' ');
    const std::size_t at = sql.starts_with("UPDATE ") ? 1 : 2;
    return words.size() > at ? std::string(words[at]) : std::string();
  }

  storage::Connection& inner_;
  std::set<std::string> tables_;
};

struct Written {
  std::string moment;  // empty: no point
  std::string execution;
  std::string step;
};

base::Result<std::int64_t> last_journal_row(storage::Connection& connection) {
  std::int64_t last = 0;
  TRY(connection.query("SELECT COALESCE(MAX(jid), 0) FROM journal", {},
                       [&](const storage::Row& row) { last = row.integer(0); }));
  return last;
}

// What the journal says of a transaction: "launch Prepare Outcome, StartController Entered Intent".
base::Result<Written> moved(storage::Connection& connection, std::int64_t after) {
  Written written;
  TRY(connection.query(
      "SELECT e.kind, j.step, j.kind, e.id FROM journal j JOIN execution e ON e.id = j.execution_id WHERE j.jid > ? "
      "ORDER BY j.jid",
      {after}, [&](const storage::Row& row) {
        const std::string step(row.text(1));
        if (written.moment.empty()) {
          written.moment = row.text(0);
        } else if (step != written.step) {
          written.moment += ',';
        }
        if (!step.empty() && step != written.step) written.moment += ' ' + step;
        written.moment += fmt::format(" {}", row.text(2));
        written.step = step;
        written.execution = row.text(3);
      }));
  return written;
}

}  // namespace

net::Task<void> CrashDatabase::write(storage::Transaction work) {
  struct Seen {
    std::string call;
    Written written;
    bool passed = false;  // a transaction may run again, with its group
  };
  auto seen = std::make_shared<Seen>();
  seen->call = points_.call();
  const storage::Transaction watched = [this, seen, work](storage::Connection& connection) -> base::Result<void> {
    Watch watch(connection);
    const auto before = TRY(last_journal_row(connection));
    TRY(work(watch));
    seen->written = TRY(moved(connection, before));
    auto& moment = seen->written.moment;
    if (moment.empty() && !watch.life().empty()) {
      moment = fmt::format("{}{}", seen->call.empty() ? "" : seen->call + " ", watch.life());
    }
    if (!moment.empty() && !std::exchange(seen->passed, true)) {
      points_.pass(moment + ": before the commit", seen->written.execution, seen->written.step);
    }
    return {};
  };
  CO_TRY(co_await inner_->write(watched));
  const auto& written = seen->written;
  if (!written.moment.empty()) points_.pass(written.moment + ": after the commit", written.execution, written.step);
  co_return base::Result<void>();
}

}  // namespace slipway::server
