#pragma once
// Derived signing keys that were used lately. A key serves its day, region and service; deriving one costs four HMACs.
// Used by signer and verifier, by one thread at a time. Entries are wiped when they leave.

#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/secret.h"
#include "sigv4/digest.h"

namespace slipway::sigv4 {

class KeyCache {
 public:
  explicit KeyCache(std::size_t limit) : limit_(limit) {}

  // The key of a Credential text, if it was derived from this very secret; else null. Valid until the next insert or
  // forget.
  const HmacKey* find(std::string_view credential, const base::Secret& secret);
  // Takes the place of the entry that was used longest ago, once `limit` is reached.
  void insert(std::string_view credential, const base::Secret& secret, HmacKey key);
  // Drops every key of an access key id.
  void forget(std::string_view access_key_id);
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string credential;
    base::Secret secret;
    HmacKey key;
  };
  using Entries = std::list<Entry>;
  void drop(Entries::iterator entry);

  std::size_t limit_;
  Entries entries_;                                                // latest use first
  std::unordered_map<std::string_view, Entries::iterator> index_;  // by Entry::credential
};

}  // namespace slipway::sigv4
