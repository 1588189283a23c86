#pragma once
// Base64 (RFC 4648, section 4) for bytes that have to travel as text.

#include <optional>
#include <string>
#include <string_view>

namespace slipway::base {

std::string to_base64(std::string_view bytes);
// Nothing where `text` is not base64 with its padding; line breaks are not part of it.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace slipway::base
