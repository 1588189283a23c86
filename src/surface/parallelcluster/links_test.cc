#include "surface/parallelcluster/links.h"

#include "surface/parallelcluster/surface_fixture.h"

namespace slipway::surface::parallelcluster {
namespace {

using test_world::first_cluster;
using testing::StartsWith;

class Link : public test_world::SurfaceTest {
 protected:
  // The request that a client makes of the link in DescribeCluster.
  http::Request follow(const std::string& name) {
    const std::string url(describe(name).at("/clusterConfiguration/url").as_string());
    const std::string base = "https://broker.test:8443";
    EXPECT_THAT(url, StartsWith(base + "/v3/"));
    const auto question = url.find('?');
    auto made = request("GET", url.substr(base.size(), question - base.size()));
    made.caller = {};
    std::istringstream query(url.substr(question + 1));
    for (std::string pair; std::getline(query, pair, '&');) {
      made.query.emplace_back(pair.substr(0, pair.find('=')), pair.substr(pair.find('=') + 1));
    }
    return made;
  }
};

TEST_F(Link, GivesTheExactTextWithoutCredentials) {
  make_cluster("first");
  auto made = follow("first");
  ASSERT_NE(surface.router().match(made).route, nullptr);
  EXPECT_TRUE(surface.is_public(made));
  const auto answer = call(made);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.response.body, first_cluster());
  EXPECT_EQ(answer.response.content_type, "application/x-yaml");
}

TEST_F(Link, EndsAfterAnHour) {
  make_cluster("first");
  const auto made = follow("first");
  world.clock.time += std::chrono::seconds(3599);
  EXPECT_EQ(call(made).status, 200);
  world.clock.time += std::chrono::seconds(1);
  EXPECT_EQ(call(made).status, 403);
}

TEST_F(Link, OpensNothingOnceItIsChanged) {
  make_cluster("first");
  make_cluster("second");
  const auto made = follow("first");
  auto other = made;
  other.path = follow("second").path;
  EXPECT_EQ(call(other).status, 403);
  for (std::size_t i = 0; i < made.query.size(); ++i) {
    auto changed = made;
    auto& last = changed.query[i].second.back();
    last = last == '0' ? '1' : '0';
    EXPECT_EQ(call(changed).status, 403) << changed.query[i].first;
    changed = made;
    changed.query.erase(changed.query.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_EQ(call(changed).status, 403) << made.query[i].first;
  }
}

TEST_F(Link, NoOtherRouteIsPublic) {
  for (const auto* path : {"/v3/clusters", "/v3/clusters/first", "/v3/images/official"}) {
    auto made = request("GET", path);
    ASSERT_NE(surface.router().match(made).route, nullptr);
    EXPECT_FALSE(surface.is_public(made)) << path;
  }
}

}  // namespace
}  // namespace slipway::surface::parallelcluster
