#pragma once
// A page of an environment as a browser opens it: follows redirects and keeps cookies.

#include <string>

#include "cli/connection.h"

namespace slipway::tool {

// Whether `url` leads through the broker of `connection`, so that open_page() can tell whether it opens.
bool leads_through(const cli::Connection& connection, std::string_view url);

// Errors: unavailable with the status and the first words of a page that refuses; those of the connection.
base::Result<void> open_page(const cli::Connection& connection, std::string url);

}  // namespace slipway::tool
