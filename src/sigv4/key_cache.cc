#include "sigv4/key_cache.h"

#include <openssl/crypto.h>

#include <utility>

namespace slipway::sigv4 {

namespace {
bool same(const base::Secret& left, const base::Secret& right) {
  const auto& a = left.reveal();
  const auto& b = right.reveal();
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}
}  // namespace

const HmacKey* KeyCache::find(std::string_view credential, const base::Secret& secret) {
  const auto found = index_.find(credential);
  if (found == index_.end() || !same(found->second->secret, secret)) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return &found->second->key;
}

void KeyCache::insert(std::string_view credential, const base::Secret& secret, HmacKey key) {
  if (const auto found = index_.find(credential); found != index_.end()) drop(found->second);
  while (!entries_.empty() && entries_.size() >= limit_) drop(std::prev(entries_.end()));
  entries_.push_front(Entry{std::string(credential), secret, std::move(key)});
  index_.emplace(entries_.front().credential, entries_.begin());
}

void KeyCache::forget(std::string_view access_key_id) {
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const std::string_view credential = entry->credential;
    const auto next = std::next(entry);
    if (credential.substr(0, credential.find('/')) == access_key_id) drop(entry);
    entry = next;
  }
}

void KeyCache::drop(Entries::iterator entry) {
  index_.erase(entry->credential);
  entries_.erase(entry);
}

}  // namespace slipway::sigv4
