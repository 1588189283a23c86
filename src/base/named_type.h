#pragma once
// Distinct string types for ids, so that an execution's id is never passed where an environment's is wanted.

#include <compare>
#include <functional>
#include <string>
#include <utility>

namespace slipway::base {

template <class Tag>
class NamedString {
 public:
  NamedString() = default;
  explicit NamedString(std::string value) : value_(std::move(value)) {}
  const std::string& str() const { return value_; }
  bool empty() const { return value_.empty(); }
  auto operator<=>(const NamedString&) const = default;

 private:
  std::string value_;
};

}  // namespace slipway::base

template <class Tag>
struct std::hash<slipway::base::NamedString<Tag>> {
  std::size_t operator()(const slipway::base::NamedString<Tag>& id) const { return std::hash<std::string>()(id.str()); }
};
