#include "http/router.h"

#include <gtest/gtest.h>

namespace slipway::http {
namespace {

class RouterTest : public ::testing::Test {
 protected:
  void route(std::string method, std::string path, std::string operation) {
    router_.add({std::move(method), std::move(path), std::move(operation), {}});
  }
  // The operation that answers, "unknown path", or "no such method: " with those there are.
  std::string answer(std::string method, std::string path) {
    request_ = {};
    request_.method = std::move(method);
    request_.path = std::move(path);
    const auto match = router_.match(request_);
    if (match.route) return request_.operation;
    if (!match.path_known) return "unknown path";
    std::string text = "no such method:";
    for (const auto& allowed : match.allowed_methods) text += " " + allowed;
    return text;
  }
  std::string parameter(const std::string& name) { return request_.path_parameters[name]; }

  Router router_;
  Request request_;
};

TEST_F(RouterTest, FindsTheOperationByMethodAndPath) {
  route("GET", "/v3/clusters", "List");
  route("POST", "/v3/clusters", "Create");
  route("GET", "/v3/clusters/{clusterName}", "Describe");
  route("GET", "/v3/clusters/{clusterName}/instances", "Instances");
  EXPECT_EQ(answer("GET", "/v3/clusters"), "List");
  EXPECT_EQ(answer("POST", "/v3/clusters"), "Create");
  EXPECT_EQ(answer("GET", "/v3/clusters/abc"), "Describe");
  EXPECT_EQ(parameter("clusterName"), "abc");
  EXPECT_EQ(answer("GET", "/v3/clusters/abc/instances"), "Instances");
  EXPECT_EQ(parameter("clusterName"), "abc");
}

TEST_F(RouterTest, TellsAnUnknownMethodFromAnUnknownPath) {
  route("GET", "/a", "Get");
  route("PUT", "/a", "Put");
  EXPECT_EQ(answer("DELETE", "/a"), "no such method: GET PUT");
  EXPECT_EQ(answer("GET", "/b"), "unknown path");
  EXPECT_EQ(answer("GET", "/a/"), "unknown path");
  EXPECT_EQ(answer("GET", "/a/b"), "unknown path");
  EXPECT_EQ(answer("GET", "/"), "unknown path");
  EXPECT_EQ(answer("GET", ""), "unknown path");
}

TEST_F(RouterTest, ServesHeadWhereItServesGet) {
  route("GET", "/a", "Get");
  route("POST", "/b", "Post");
  EXPECT_EQ(answer("HEAD", "/a"), "Get");
  EXPECT_EQ(answer("HEAD", "/b"), "no such method: POST");
}

TEST_F(RouterTest, AParameterIsOneSegmentThatIsNotEmpty) {
  route("GET", "/x/{name}", "X");
  EXPECT_EQ(answer("GET", "/x/"), "unknown path");
  EXPECT_EQ(answer("GET", "/x/a%2Fb c"), "X");
  EXPECT_EQ(parameter("name"), "a/b c");
}

TEST_F(RouterTest, PrefersTheLiteralSegment) {
  route("GET", "/images/{id}", "Describe");
  route("GET", "/images/official", "Official");
  route("DELETE", "/images/{id}", "Delete");
  EXPECT_EQ(answer("GET", "/images/official"), "Official");
  EXPECT_EQ(answer("GET", "/images/mine"), "Describe");
  EXPECT_EQ(answer("DELETE", "/images/mine"), "Delete");
  EXPECT_EQ(answer("DELETE", "/images/official"), "no such method: GET");
}

TEST(Request, FindsHeadersInAnyCaseAndTheLastQueryValue) {
  Request request;
  request.headers = {{"Content-Type", "a"}, {"content-type", "b"}};
  request.query = {{"x", "1"}, {"X", "2"}, {"x", "3"}};
  EXPECT_EQ(*request.header("CONTENT-TYPE"), "a");
  EXPECT_EQ(request.header("Content"), nullptr);
  EXPECT_EQ(*request.query_value("x"), "3");
  EXPECT_EQ(request.query_value("y"), nullptr);
}

}  // namespace
}  // namespace slipway::http
