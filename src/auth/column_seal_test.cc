#include "auth/column_seal.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace slipway::auth {
namespace {

namespace fs = std::filesystem;

struct AuthColumnSeal : testing::Test {
  AuthColumnSeal() {
    char name[] = "/tmp/slipway-seal-XXXXXX";
    folder = ::mkdtemp(name);
  }
  ~AuthColumnSeal() override { fs::remove_all(folder); }

  ColumnSeal with(const std::string& file) const {
    ColumnSeal made;
    made.use(Seal::load_or_create(folder / file).value());
    return made;
  }
  fs::path folder;
};

TEST_F(AuthColumnSeal, opens_with_the_same_key_file_and_owner_alone) {
  const auto column = storage::to_column("the text", true, "one", with("key"));
  EXPECT_EQ(column.find("the text"), std::string::npos);
  EXPECT_EQ(storage::from_column(column, "one", with("key")).value(), "the text");
  EXPECT_FALSE(storage::from_column(column, "two", with("key")));
  EXPECT_FALSE(storage::from_column(column, "one", with("other")));
}

TEST_F(AuthColumnSeal, has_a_key_of_its_own) {
  const auto seal = Seal::load_or_create(folder / "key").value();
  EXPECT_FALSE(seal.open(with("key").seal("the text", "one"), "one"));
}

}  // namespace
}  // namespace slipway::auth
