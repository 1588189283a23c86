#pragma once
// Result<T>: a value or an Error. A subset of std::expected's interface, so that it becomes an alias one day.
// Returned for everything a caller could foresee; exceptions are for bugs, memory and cancellation.

#include <type_traits>
#include <utility>
#include <variant>

#include "base/error.h"

namespace slipway::base {

template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  Error& error() & { return std::get<1>(state_); }
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

  T value_or(T other) && { return has_value() ? std::move(*this).value() : std::move(other); }

  // Adds what the caller knows and the callee did not, such as "describing stack X".
  Result with_context(std::string_view text) && {
    if (has_value()) return std::move(*this);
    return std::move(*this).error().with_context(text);
  }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : state_(std::move(error)) {}

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }
  void value() const { (void)std::get<0>(state_); }
  void operator*() const { value(); }

  Error& error() & { return std::get<1>(state_); }
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

  Result with_context(std::string_view text) && {
    if (has_value()) return {};
    return std::move(*this).error().with_context(text);
  }

 private:
  std::variant<std::monostate, Error> state_;
};

}  // namespace slipway::base

// `auto x = TRY(f());` takes the value or returns the error from the enclosing function; CO_TRY does so from a
// coroutine.
#define TRY(...)                                           \
  ({                                                       \
    auto try_result = (__VA_ARGS__);                       \
    if (!try_result) return std::move(try_result).error(); \
    std::move(try_result).value();                         \
  })
#define CO_TRY(...)                                           \
  ({                                                          \
    auto try_result = (__VA_ARGS__);                          \
    if (!try_result) co_return std::move(try_result).error(); \
    std::move(try_result).value();                            \
  })
