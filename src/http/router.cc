#include "http/router.h"

#include <algorithm>

namespace slipway::http {

namespace {
bool is_parameter(std::string_view segment) {
  return segment.size() >= 2 && segment.front() == '{' && segment.back() == '}';
}

std::string_view take_segment(std::string_view& path) {
  const auto end = std::min(path.find('/'), path.size());
  const auto segment = path.substr(0, end);
  path.remove_prefix(std::min(end + 1, path.size()));
  return segment;
}

// A parameter's value is one whole segment, so that an encoded slash in it is data.
std::string decode_slashes(std::string_view segment) {
  std::string value;
  for (std::size_t i = 0; i < segment.size(); ++i) {
    if (segment.substr(i, 3) == "%2F") {
      value.push_back('/');
      i += 2;
    } else {
      value.push_back(segment[i]);
    }
  }
  return value;
}

std::ptrdiff_t depth(std::string_view path) {
  return std::ranges::count(path, '/');
}

// Of a pattern and a path of the same depth.
bool fits(std::string_view pattern, std::string_view path) {
  while (!pattern.empty()) {
    const auto wanted = take_segment(pattern);
    const auto segment = take_segment(path);
    if (is_parameter(wanted) ? segment.empty() : wanted != segment) return false;
  }
  return path.empty();
}

// Of two templates that fit a path, the better has a literal segment where the other first has a parameter.
bool is_more_literal(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    const bool a_parameter = is_parameter(take_segment(a));
    const bool b_parameter = is_parameter(take_segment(b));
    if (a_parameter != b_parameter) return b_parameter;
  }
  return false;
}

void fill_parameters(std::string_view pattern, std::string_view path, Request& request) {
  while (!pattern.empty()) {
    const auto wanted = take_segment(pattern);
    const auto segment = take_segment(path);
    if (!is_parameter(wanted)) continue;
    request.path_parameters.insert_or_assign(std::string(wanted.substr(1, wanted.size() - 2)), decode_slashes(segment));
  }
}
}  // namespace

void Router::add(Route route) {
  routes_[depth(route.path)].push_back(std::move(route));
}

void Router::serve_all(std::string operation, Handler handler) {
  // Its requests take as long as whoever answers them; the number of connections bounds them.
  all_ = {.method = {}, .path = {}, .operation = std::move(operation), .handler = std::move(handler), .always = true};
}

Router::Match Router::match(Request& request) const {
  if (all_) {
    request.operation = all_->operation;
    return {.route = &*all_, .path_known = true, .allowed_methods = {}};
  }
  Match match;
  const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
  const auto routes = routes_.find(depth(request.path));
  if (routes == routes_.end()) return match;
  std::string_view best;
  for (const auto& route : routes->second) {
    if (!fits(route.path, request.path)) continue;
    if (!match.path_known || is_more_literal(route.path, best)) {
      match = {.route = nullptr, .path_known = true, .allowed_methods = {}};
      best = route.path;
    } else if (is_more_literal(best, route.path)) {
      continue;
    }
    match.allowed_methods.push_back(route.method);
    if (route.method == method) match.route = &route;
  }
  if (!match.route) return match;
  fill_parameters(match.route->path, request.path, request);
  request.operation = match.route->operation;
  return match;
}

}  // namespace slipway::http
