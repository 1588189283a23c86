#include "http/message.h"

#include <algorithm>
#include <boost/json/serialize.hpp>

namespace slipway::http {

namespace {
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equal_names(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}
}  // namespace

const std::string* Request::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (equal_names(key, name)) return &value;
  }
  return nullptr;
}

const std::string* Request::query_value(std::string_view name) const {
  for (auto it = query.rbegin(); it != query.rend(); ++it) {
    if (it->first == name) return &it->second;
  }
  return nullptr;
}

Response json_response(int status, const boost::json::value& body) {
  return {.status = status, .headers = {}, .body = boost::json::serialize(body)};
}

}  // namespace slipway::http
