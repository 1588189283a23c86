#include "storage/sealing.h"

#include <gtest/gtest.h>

namespace slipway::storage {
namespace {

// Shows what it was given.
struct Plain : Sealing {
  std::string seal(std::string text, std::string_view owner) const override { return std::string(owner) + "|" + text; }
  base::Result<std::string> open(std::string_view sealed, std::string_view owner) const override {
    if (!sealed.starts_with(std::string(owner) + "|")) return base::invalid("another owner");
    return std::string(sealed.substr(owner.size() + 1));
  }
};

const Plain plain;

TEST(StorageSealing, a_secret_column_opens_for_its_owner_alone) {
  const auto column = to_column("{}", true, "the values of one", plain);
  EXPECT_TRUE(is_sealed(column));
  EXPECT_EQ(from_column(column, "the values of one", plain).value(), "{}");
  const auto other = from_column(column, "the values of two", plain);
  EXPECT_EQ(other.error().kind, base::ErrorKind::internal);
  EXPECT_NE(other.error().message.find("the values of two"), std::string::npos);
  EXPECT_FALSE(from_column(column, "the values of one", no_sealing()));
}

TEST(StorageSealing, every_other_text_stays_as_it_is) {
  EXPECT_EQ(to_column("{}", false, "one", no_sealing()), "{}");
  EXPECT_EQ(from_column("{}", "one", no_sealing()).value(), "{}");
  EXPECT_THROW(to_column("{}", true, "one", no_sealing()), std::logic_error);
}

TEST(StorageSealing, a_text_that_looks_sealed_comes_back_as_it_was) {
  const std::string text = "sealed: by somebody";
  EXPECT_EQ(from_column(to_column(text, false, "one", plain), "one", plain).value(), text);
}

}  // namespace
}  // namespace slipway::storage
