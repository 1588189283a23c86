#pragma once
// Calls operations of the surface as the server does, on top of the broker's test world. Tests only.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "broker/test_world.h"
#include "surface/parallelcluster/parallelcluster_surface.h"

namespace slipway::surface::parallelcluster::test_world {

using Query = std::vector<std::pair<std::string, std::string>>;

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  if (!stream) throw std::runtime_error("cannot read " + path.string());
  return text.str();
}

inline const std::string& first_cluster() {
  static const std::string text = read_file("examples/parallelcluster/first-cluster.yaml");
  return text;
}

// `text` with its one occurrence of `from` replaced.
inline std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error("nothing to replace");
  return text.replace(at, from.size(), to);
}

struct Answer {
  int status = 0;
  boost::json::value body;  // null where there is none
  http::Response response;

  std::string message() const { return std::string(body.at("message").as_string()); }
  const boost::json::value& at(std::string_view pointer) const { return body.at_pointer(pointer); }
};

class SurfaceTest : public testing::Test {
 protected:
  SurfaceTest() { surface.set_base_url("https://broker.test:8443/"); }

  http::Request request(std::string method, std::string path, Query query = {}) {
    http::Request made;
    made.method = std::move(method);
    made.path = std::move(path);
    made.query = std::move(query);
    made.request_id = "request-1";
    made.caller = {.id = "AKIATEST", .name = "arn:aws:iam::000000000000:user/alice", .administrator = true};
    return made;
  }

  Answer call(http::Request made) {
    auto response = world.run([&]() -> net::Task<http::Response> {
      const auto match = surface.router().match(made);
      if (match.route == nullptr) co_return surface.no_route(made, match);
      co_return co_await match.route->handler(made);
    });
    Answer answer{.status = response->status, .body = {}, .response = *response};
    if (!response->body.empty() && response->content_type == "application/json") {
      answer.body = boost::json::parse(response->body);
    }
    return answer;
  }

  Answer call(std::string method, std::string path, Query query = {}) {
    return call(request(std::move(method), std::move(path), std::move(query)));
  }

  Answer send(std::string method, std::string path, const boost::json::value& body, Query query = {}) {
    auto made = request(std::move(method), std::move(path), std::move(query));
    made.headers = {{"Content-Type", "application/json"}};
    made.body = boost::json::serialize(body);
    return call(std::move(made));
  }

  Answer create(std::string name, std::string text = first_cluster(), Query query = {}) {
    return send("POST", "/v3/clusters", {{"clusterName", std::move(name)}, {"clusterConfiguration", std::move(text)}},
                std::move(query));
  }

  // A cluster of that name that is there.
  void make_cluster(const std::string& name) {
    ASSERT_EQ(create(name).status, 202);
    world.wait_for(name, broker::Status::available);
  }

  Answer describe(const std::string& name) { return call("GET", "/v3/clusters/" + name); }

  broker::test_world::World world;
  ParallelClusterSurface surface{*world.environments, world.clock, {}};
};

// Every object in the body has its keys in alphabetical order.
inline bool is_sorted(const boost::json::value& value) {
  if (const auto* array = value.if_array()) return std::ranges::all_of(*array, is_sorted);
  const auto* object = value.if_object();
  if (object == nullptr) return true;
  std::string_view last;
  for (const auto& [key, member] : *object) {
    if (std::string_view(key) < last || !is_sorted(member)) return false;
    last = key;
  }
  return true;
}

}  // namespace slipway::surface::parallelcluster::test_world
