#pragma once
// The broker's own access keys: made, listed, revoked, and found by id for a verification. The table is held in memory,
// so a verification reads no database and a revocation counts at once. Secrets rest sealed. On the I/O thread.

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/column_seal.h"
#include "auth/principal.h"
#include "auth/seal.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "net/runtime.h"
#include "net/task.h"
#include "storage/access_keys.h"
#include "storage/database.h"

namespace slipway::auth {

struct AccessKeySettings {
  std::filesystem::path key_file;          // seals the secrets; made at the first start, may be outside the data folder
  std::filesystem::path credentials_file;  // of the first key: DIR/credentials
};

struct AccessKey {
  std::string id;    // AKIA and 16 of A-Z2-7
  std::string name;  // of the user it stands for; a user may have several
  base::Time created_at{};
  Rights rights = Rights::administrator;
};

struct NewAccessKey {
  AccessKey key;
  base::Secret secret;  // 40 characters; never to be had again
};

class AccessKeys {
 public:
  // All must outlive it.
  AccessKeys(storage::Database& database, net::Runtime& runtime, const base::Clock& clock, AccessKeySettings settings)
      : database_(database), runtime_(runtime), clock_(clock), settings_(std::move(settings)) {}

  // Loads the table; where it is empty, makes the key file; where no administrator has a key, makes the first one and
  // writes the credentials file. Before anything else, once. Errors: the key file is missing, open to others, or not
  // the one that sealed the secrets; a file cannot be written; each says what to do.
  net::Task<void> start();

  // What is committed together with a change of a key: its audit record.
  using Beside = std::function<base::Result<void>(storage::Connection&, const AccessKey&)>;

  // `name`: 1 to 64 of A-Z a-z 0-9 + = , . @ _ -, else invalid. Durable when it returns.
  net::Task<NewAccessKey> create(std::string name, Beside beside, Rights rights = Rights::administrator);
  // Oldest first.
  std::vector<AccessKey> list() const;
  // Durable, and no request passes with that key, when it returns. Errors: not_found.
  net::Task<void> revoke(std::string id, Beside beside);

  // From start() on: a secret for another purpose of the broker's, the same after every restart.
  base::Secret derive(std::string_view purpose) const { return seal_->derive(purpose); }

  // What seals columns of the database; to be used from start() on.
  const ColumnSeal& columns() const { return columns_; }

  struct Entry {
    AccessKey key;
    base::Secret secret;
    Principal principal;
  };
  // Null where nobody has this id. Valid until the next wait.
  const Entry* find(std::string_view id) const;
  // Whether somebody with this ARN has a key.
  bool has_key(std::string_view arn) const;

 private:
  net::Task<void> make_first();
  base::Result<void> add(const storage::AccessKeyRow& row);
  net::Task<void> blocking(std::function<base::Result<void>()> work);

  storage::Database& database_;
  net::Runtime& runtime_;
  const base::Clock& clock_;
  AccessKeySettings settings_;
  std::optional<Seal> seal_;  // from start() on
  ColumnSeal columns_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace slipway::auth
