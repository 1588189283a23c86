#include "sigv4/key_cache.h"

#include <gtest/gtest.h>

namespace slipway::sigv4 {
namespace {

const base::Secret kSecret("secret");

void insert(KeyCache& cache, std::string_view credential) {
  cache.insert(credential, kSecret, HmacKey(credential));
}

TEST(Sigv4KeyCache, gives_the_key_back_for_the_same_secret_alone) {
  KeyCache cache(4);
  insert(cache, "A/day/region/service/aws4_request");
  const HmacKey* key = cache.find("A/day/region/service/aws4_request", kSecret);
  ASSERT_NE(key, nullptr);
  EXPECT_EQ(key->sign("text"), HmacKey("A/day/region/service/aws4_request").sign("text"));
  EXPECT_EQ(cache.find("A/day/region/service/aws4_request", base::Secret("other")), nullptr);
  EXPECT_EQ(cache.find("A/day/region/other/aws4_request", kSecret), nullptr);
}

TEST(Sigv4KeyCache, drops_the_entry_that_was_used_longest_ago) {
  KeyCache cache(2);
  insert(cache, "A/1");
  insert(cache, "A/2");
  EXPECT_NE(cache.find("A/1", kSecret), nullptr);
  insert(cache, "A/3");
  EXPECT_EQ(cache.size(), 2u);
  EXPECT_EQ(cache.find("A/2", kSecret), nullptr);
  EXPECT_NE(cache.find("A/1", kSecret), nullptr);
  EXPECT_NE(cache.find("A/3", kSecret), nullptr);
}

TEST(Sigv4KeyCache, an_entry_can_be_replaced) {
  KeyCache cache(2);
  insert(cache, "A/1");
  cache.insert("A/1", base::Secret("new"), HmacKey("other"));
  EXPECT_EQ(cache.size(), 1u);
  EXPECT_EQ(cache.find("A/1", kSecret), nullptr);
  EXPECT_NE(cache.find("A/1", base::Secret("new")), nullptr);
}

TEST(Sigv4KeyCache, forgets_all_keys_of_an_access_key_id_and_no_other) {
  KeyCache cache(8);
  for (const auto* credential : {"A/1", "A/2", "AB/1"}) insert(cache, credential);
  cache.forget("A");
  EXPECT_EQ(cache.size(), 1u);
  EXPECT_NE(cache.find("AB/1", kSecret), nullptr);
}

TEST(Sigv4Hmac, agrees_with_rfc_4231) {
  const auto hex = [](const Digest& digest) {
    std::string text;
    append_hex(text, digest);
    return text;
  };
  EXPECT_EQ(hex(HmacKey("Jefe").sign("what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex(HmacKey(std::string(131, '\xaa')).sign("Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

}  // namespace
}  // namespace slipway::sigv4
