#pragma once
// Small text functions that several folders need. Bytes in, bytes out; UTF-8 passes through.

#include <string>
#include <string_view>
#include <vector>

namespace slipway::base {

std::string to_hex(std::string_view bytes);
// Pieces between `separator`s; "" gives one empty piece.
std::vector<std::string_view> split(std::string_view text, char separator);
std::string_view trim(std::string_view text);  // spaces, tabs, CR, LF at both ends
std::string lower(std::string_view text);      // ASCII only
std::string join(const std::vector<std::string>& pieces, std::string_view separator);
// RFC 3986 percent-encoding of everything but unreserved characters (and `also`).
std::string percent_encode(std::string_view text, std::string_view also = {});
// Decodes %XX; false where an escape is malformed. '+' stays '+'.
bool percent_decode(std::string_view text, std::string& decoded);
// Bytes of the well-formed UTF-8 sequence that `text` begins with (1 to 4); 0 where there is none.
std::size_t utf8_sequence(std::string_view text);
bool is_utf8(std::string_view text);
// What a program wrote, as text for JSON and terminals: U+FFFD for each byte that is no UTF-8, a space for each control
// character but tab and newline.
std::string printable(std::string_view text);
// What somebody wrote, as a message about it may repeat it: printable(), and of more than `most_characters` the first,
// with an ellipsis as the last of them.
std::string excerpt(std::string_view text, std::size_t most_characters = 100);

}  // namespace slipway::base
