#include "auth/access_keys.h"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <algorithm>
#include <stdexcept>
#include <tuple>
#include <utility>

#include "auth/credentials_file.h"

namespace slipway::auth {

namespace {

constexpr std::string_view kFirstName = "admin";
constexpr std::size_t kNameBytes = 64;

// `alphabet` has 2^n characters, so that a random byte's low bits choose fairly.
template <std::size_t Size>
std::string random_text(std::size_t count, const char (&alphabet)[Size]) {
  static_assert(((Size - 1) & (Size - 2)) == 0);
  std::string text(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(text.data()), static_cast<int>(count)) != 1) {
    throw std::runtime_error("the system gave no random bytes");
  }
  for (char& c : text) c = alphabet[static_cast<unsigned char>(c) & (Size - 2)];
  return text;
}

NewAccessKey generate(std::string name, Rights rights, base::Time now) {
  return {.key = {.id = "AKIA" + random_text(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
                  .name = std::move(name),
                  .created_at = now,
                  .rights = rights},
          .secret = base::Secret(random_text(40, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))};
}

// IAM's rule for user names.
base::Result<void> check_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view("+=,.@_-").find(c) != std::string_view::npos;
  };
  if (!name.empty() && name.size() <= kNameBytes && std::all_of(name.begin(), name.end(), allowed)) return {};
  return base::invalid(fmt::format("a key's name is 1 to {} of A-Z a-z 0-9 + = , . @ _ -", kNameBytes), "name");
}

storage::AccessKeyRow sealed_row(const NewAccessKey& made, const Seal& seal) {
  return {.id = made.key.id,
          .name = made.key.name,
          .sealed_secret = seal.seal(made.secret, made.key.id),
          .created_at = made.key.created_at,
          .rights = std::string(to_string(made.key.rights))};
}

AccessKeys::Entry entry_of(const AccessKey& key, base::Secret secret) {
  return {.key = key,
          .secret = std::move(secret),
          .principal = {.access_key_id = key.id,
                        .arn = fmt::format("arn:aws:iam::000000000000:user/{}", key.name),
                        .rights = key.rights}};
}

}  // namespace

std::string_view to_string(Rights rights) {
  switch (rights) {
    case Rights::user:
      return "user";
    case Rights::types:
      return "types";
    case Rights::administrator:
      return "administrator";
  }
}

std::optional<Rights> rights_from(std::string_view text) {
  for (const auto rights : {Rights::user, Rights::types, Rights::administrator}) {
    if (text == to_string(rights)) return rights;
  }
  return std::nullopt;
}

net::Task<void> AccessKeys::blocking(std::function<base::Result<void>()> work) {
  return net::run_blocking<void>(runtime_, std::move(work));
}

base::Result<void> AccessKeys::add(const storage::AccessKeyRow& row) {
  auto secret = seal_->open(row.sealed_secret, row.id);
  if (!secret) {
    return base::invalid(
        fmt::format("the key file {} does not open the access keys of this database: give the one "
                    "that they were sealed with (--key-file)",
                    settings_.key_file.string()));
  }
  // A word of a newer broker's gives no right.
  const AccessKey key{.id = row.id,
                      .name = row.name,
                      .created_at = row.created_at,
                      .rights = rights_from(row.rights).value_or(Rights::user)};
  entries_.insert_or_assign(row.id, entry_of(key, std::move(*secret)));
  return {};
}

net::Task<void> AccessKeys::start() {
  std::vector<storage::AccessKeyRow> rows;
  CO_TRY(co_await database_.read([&](storage::Connection& connection) -> base::Result<void> {
    rows = TRY(storage::all_access_keys(connection));
    return {};
  }));
  const auto key_file = settings_.key_file;
  const bool first = rows.empty();
  seal_ = CO_TRY(co_await net::run_blocking<Seal>(
      runtime_, [key_file, first] { return first ? Seal::load_or_create(key_file) : Seal::load(key_file); }));
  columns_.use(*seal_);
  for (const auto& row : rows) CO_TRY(add(row));
  const auto is_administrators = [](const auto& entry) { return entry.second.key.rights == Rights::administrator; };
  if (std::ranges::none_of(entries_, is_administrators)) co_return co_await make_first();

  // A crash after a revocation may have left the file of a key that nobody has.
  const auto file = settings_.credentials_file;
  const auto id = CO_TRY(co_await net::run_blocking<std::string>(runtime_, [file] { return access_key_id_in(file); }));
  if (id.empty() || find(id)) co_return base::Result<void>();
  co_return co_await blocking([file, id] { return remove_credentials_of(file, id); });
}

net::Task<void> AccessKeys::make_first() {
  const auto made = generate(std::string(kFirstName), Rights::administrator, clock_.now());
  // The file first: after a crash in between there is still no key, and the next start makes one and its file anew.
  const auto file = settings_.credentials_file;
  CO_TRY(co_await blocking([file, made] { return write_credentials_file(file, made.key.id, made.secret); }));
  const auto row = sealed_row(made, *seal_);
  CO_TRY(co_await database_.write(
      [row](storage::Connection& connection) { return storage::insert_access_key(connection, row); }));
  entries_.emplace(made.key.id, entry_of(made.key, made.secret));
  co_return base::Result<void>();
}

net::Task<NewAccessKey> AccessKeys::create(std::string name, Beside beside, Rights rights) {
  CO_TRY(check_name(name));
  const auto made = generate(std::move(name), rights, clock_.now());
  const auto row = sealed_row(made, *seal_);
  CO_TRY(co_await database_.write([&](storage::Connection& connection) -> base::Result<void> {
    TRY(storage::insert_access_key(connection, row));
    return beside(connection, made.key);
  }));
  entries_.emplace(made.key.id, entry_of(made.key, made.secret));
  co_return made;
}

std::vector<AccessKey> AccessKeys::list() const {
  std::vector<AccessKey> keys;
  for (const auto& [id, entry] : entries_) keys.push_back(entry.key);
  std::sort(keys.begin(), keys.end(), [](const AccessKey& left, const AccessKey& right) {
    return std::tie(left.created_at, left.id) < std::tie(right.created_at, right.id);
  });
  return keys;
}

net::Task<void> AccessKeys::revoke(std::string id, Beside beside) {
  const auto* entry = find(id);
  const auto key = entry ? entry->key : AccessKey{};
  CO_TRY(co_await database_.write([&](storage::Connection& connection) -> base::Result<void> {
    TRY(storage::remove_access_key(connection, id));
    return beside(connection, key);
  }));
  entries_.erase(id);
  // The key is revoked whatever becomes of the file; the next start removes it too.
  const auto file = settings_.credentials_file;
  (void)co_await blocking([file, id] { return remove_credentials_of(file, id); });
  co_return base::Result<void>();
}

bool AccessKeys::has_key(std::string_view arn) const {
  return std::ranges::any_of(entries_, [&](const auto& entry) { return entry.second.principal.arn == arn; });
}

const AccessKeys::Entry* AccessKeys::find(std::string_view id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : &found->second;
}

}  // namespace slipway::auth
