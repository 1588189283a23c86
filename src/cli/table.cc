#include "cli/table.h"

#include <algorithm>

namespace slipway::cli {

namespace {

// Code points, which is what a terminal's column is for everything we print.
std::size_t width(const std::string& text) {
  return std::count_if(text.begin(), text.end(), [](char byte) { return (byte & 0xC0) != 0x80; });
}

}  // namespace

Table::Table(std::vector<std::string> heads) {
  if (!heads.empty()) rows_.push_back(std::move(heads));
}

void Table::add(std::vector<std::string> cells) {
  for (auto& cell : cells) {
    if (cell.empty()) cell = "-";
  }
  rows_.push_back(std::move(cells));
}

std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t at = 0; at < row.size(); ++at) widths[at] = std::max(widths[at], width(row[at]));
  }
  std::string text;
  for (const auto& row : rows_) {
    for (std::size_t at = 0; at < row.size(); ++at) {
      text += row[at];
      if (at + 1 < row.size()) text.append(widths[at] + 2 - width(row[at]), ' ');
    }
    text += '\n';
  }
  return text;
}

}  // namespace slipway::cli
