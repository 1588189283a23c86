#include "workflow/secrets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace slipway::workflow {
namespace {

namespace json = boost::json;
using testing::ElementsAre;

TEST(Secrets, are_the_leaves_of_a_value_each_once_and_the_longest_first) {
  Secrets secrets;
  add_secrets(json::parse(R"({"a": ["one", "twelve"], "b": {"c": 1234567, "d": "one", "e": null, "f": ""}})"), secrets);
  add_secrets(json::value(true), secrets);
  EXPECT_THAT(secrets, ElementsAre("1234567", "twelve", "true", "one"));
}

TEST(Secrets, are_those_that_are_declared_so) {
  Parameter open, closed;
  open.name = "Open";
  closed.name = "Closed";
  closed.sensitive = true;
  Secrets secrets;
  add_secrets({open, closed}, {{"Open", "shown"}, {"Closed", "hidden"}}, secrets);
  EXPECT_THAT(secrets, ElementsAre("hidden"));
}

TEST(Secrets, are_masked_wherever_they_stand) {
  const Secrets secrets{"open sesame, please", "open sesame", "1234567", "yes"};
  EXPECT_EQ(hide(std::string("say open sesame, please or open sesame"), secrets), "say ******** or ********");
  const auto shown = hide(json::parse(R"({"open sesame": [1234567, 7, {"a": "yes 1234567"}], "n": null})"), secrets);
  EXPECT_EQ(shown, json::parse(R"({"open sesame": ["********", 7, {"a": "yes ********"}], "n": null})"))
      << "keys are a document's words, and short texts are everywhere";
  EXPECT_FALSE(shows(shown, secrets));
  EXPECT_TRUE(shows(json::parse(R"([{"a": [1234567]}])"), secrets));
  EXPECT_TRUE(shows(json::value("say open sesame"), secrets));
}

}  // namespace
}  // namespace slipway::workflow
