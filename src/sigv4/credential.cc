#include "sigv4/credential.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace slipway::sigv4 {

namespace {

constexpr std::size_t kPieceBytes = 128;

bool is_visible(char c) {
  return c > ' ' && c <= '~';
}

// The digits at text[from, from + count), or -1.
int number(std::string_view text, std::size_t from, std::size_t count) {
  int value = 0;
  for (const char c : text.substr(from, count)) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

}  // namespace

std::optional<CredentialParts> parse_credential(std::string_view text) {
  std::array<std::string_view, 5> pieces;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const bool last = i + 1 == pieces.size();
    const auto end = last ? text.size() : text.find('/');
    if (end == std::string_view::npos) return {};
    pieces[i] = text.substr(0, end);
    if (pieces[i].empty() || pieces[i].size() > kPieceBytes) return {};
    if (!std::all_of(pieces[i].begin(), pieces[i].end(), is_visible)) return {};
    text.remove_prefix(last ? end : end + 1);
  }
  if (pieces.back().find('/') != std::string_view::npos) return {};
  return CredentialParts{pieces[0], pieces[1], pieces[2], pieces[3], pieces[4]};
}

std::string credential_text(std::string_view access_key_id, std::string_view date, std::string_view region,
                            std::string_view service) {
  std::string text;
  text.reserve(access_key_id.size() + date.size() + region.size() + service.size() + kTerminator.size() + 4);
  for (const auto piece : {access_key_id, date, region, service}) {
    text += piece;
    text += '/';
  }
  text += kTerminator;
  return text;
}

std::string_view scope_of(std::string_view credential) {
  return credential.substr(credential.find('/') + 1);
}

std::optional<base::Time> parse_time(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return {};
  const int year = number(text, 0, 4);
  const int month = number(text, 4, 2);
  const int day = number(text, 6, 2);
  const int hour = number(text, 9, 2);
  const int minute = number(text, 11, 2);
  const int second = number(text, 13, 2);
  if (year < 0 || month < 0 || day < 0) return {};
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return {};
  const auto date = std::chrono::year(year) / std::chrono::month(static_cast<unsigned>(month)) /
                    std::chrono::day(static_cast<unsigned>(day));
  if (!date.ok()) return {};
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

}  // namespace slipway::sigv4
