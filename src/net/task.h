#pragma once
// Task<T>: what every suspending function returns. Data parameters by value; references only to services that outlive
// the server's loop; no string_view or span parameter on a function that suspends.

#include <boost/asio/awaitable.hpp>

#include "base/result.h"

namespace slipway::net {

template <class T>
using Task = boost::asio::awaitable<base::Result<T>>;

}  // namespace slipway::net
