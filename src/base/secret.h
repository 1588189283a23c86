#pragma once
// A text that must reach no log: printing it gives a placeholder, and its memory is wiped.

#include <string>
#include <string_view>

namespace slipway::base {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret other) noexcept;
  ~Secret();

  // The only way to the text; call it where it is used, keep no copy.
  const std::string& reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

 private:
  std::string value_;
};

inline std::string_view format_as(const Secret&) {
  return "********";
}

}  // namespace slipway::base
