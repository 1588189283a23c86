#pragma once
// For tests: a surface whose routes the test writes down and whose errors say what they are.

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <utility>

#include "http/surface.h"

namespace slipway::http {

class TestSurface final : public Surface {
 public:
  explicit TestSurface(std::string prefix) : prefix_(std::move(prefix)) {}
  void on(std::string method, std::string path, Handler handler, bool always = false) {
    auto operation = method + path;
    router_.add({std::move(method), std::move(path), std::move(operation), std::move(handler), always});
  }

  std::string_view name() const override { return "test"; }
  bool owns(std::string_view path) const override { return path.starts_with(prefix_); }
  const Router& router() const override { return router_; }
  std::size_t upload_limit(std::string_view path) const override { return path == uploaded ? 1 << 20 : 0; }
  bool hands_on(std::string_view path) const override { return path == handed_on; }
  bool is_public(const Request&) const override { return true; }
  Response no_route(const Request&, const Router::Match& match) const override {
    return says(404, match.path_known ? "no method" : "no path");
  }
  Response error(const Request&, const base::Error& error) const override {
    return says(418, std::string(base::to_string(error.kind)) + ": " + error.message);
  }

  std::string handed_on;  // the path whose bodies are read as they come
  std::string uploaded;   // the path whose bodies may have 1 MiB

 private:
  static Response says(int status, std::string text) {
    return json_response(status, boost::json::object{{"test", std::move(text)}});
  }
  std::string prefix_;
  Router router_;
};

}  // namespace slipway::http
