#pragma once
// A database that passes two crash points with every transaction of an execution, of its environment's lifecycle, its
// ports or its resources: when all is written and nothing committed, and when it is durable and nobody has heard. Every
// other call goes straight on.

#include <memory>

#include "server/crash_points.h"
#include "storage/database.h"

namespace slipway::server {

class CrashDatabase final : public storage::Database {
 public:
  // `points` outlives it.
  CrashDatabase(std::unique_ptr<storage::Database> inner, CrashPoints& points)
      : inner_(std::move(inner)), points_(points) {}

  net::Task<void> write(storage::Transaction work) override;
  storage::Connection& reader() override { return inner_->reader(); }
  net::Task<void> read(storage::Transaction work) override { return inner_->read(std::move(work)); }
  base::Result<void> check() override { return inner_->check(); }
  storage::DatabaseStatistics statistics() const override { return inner_->statistics(); }
  net::Task<void> backup(std::string path) override { return inner_->backup(std::move(path)); }
  void stop() override { inner_->stop(); }

 private:
  std::unique_ptr<storage::Database> inner_;
  CrashPoints& points_;
};

}  // namespace slipway::server
