#include "surface/parallelcluster/python.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace slipway::surface::parallelcluster {
namespace {

TEST(Python, TextsAreQuotedAsPythonQuotesThem) {
  EXPECT_EQ(python_quoted("abc"), "'abc'");
  EXPECT_EQ(python_quoted(""), "''");
  EXPECT_EQ(python_quoted("it's"), "\"it's\"");
  EXPECT_EQ(python_quoted("say \"it's\""), "'say \"it\\'s\"'");
  EXPECT_EQ(python_quoted("a\nb\t\\"), "'a\\nb\\t\\\\'");
  EXPECT_EQ(python_quoted(std::string_view("\0\x7f", 2)), "'\\x00\\x7f'");
  EXPECT_EQ(python_quoted("é"), "'é'");
}

TEST(Python, ValuesPrintInPythonsForm) {
  const auto printed = [](std::string_view json) { return python_repr(boost::json::parse(json)); };
  EXPECT_EQ(printed("null"), "None");
  EXPECT_EQ(printed("true"), "True");
  EXPECT_EQ(printed("false"), "False");
  EXPECT_EQ(printed("-5"), "-5");
  EXPECT_EQ(printed("18446744073709551615"), "18446744073709551615");
  EXPECT_EQ(printed("0.5"), "0.5");
  EXPECT_EQ(printed("2.0"), "2.0");
  EXPECT_EQ(printed("[]"), "[]");
  EXPECT_EQ(printed(R"(["a", 1, null])"), "['a', 1, None]");
  EXPECT_EQ(printed(R"({"k": "v", "n": {"x": [1]}})"), "{'k': 'v', 'n': {'x': [1]}}");
}

}  // namespace
}  // namespace slipway::surface::parallelcluster
