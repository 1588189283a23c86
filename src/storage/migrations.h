#pragma once
// The numbered schema changes, embedded at build time from migrations/NNNN_name.sql. Used by the stores when they open.
// A released file is never edited; adding a change is adding the next number.

#include <span>
#include <string_view>

namespace slipway::storage {

struct Migration {
  int number;             // counts from 1, without a gap
  std::string_view name;  // of the file, without number and ending
  std::string_view sql;   // statements, run in one transaction
};

// In order of number.
std::span<const Migration> migrations();

}  // namespace slipway::storage
