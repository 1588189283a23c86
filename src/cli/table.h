#pragma once
// Columns of text for people. Knows no JSON.

#include <string>
#include <vector>

namespace slipway::cli {

class Table {
 public:
  // Column heads; none: a table of names and values.
  explicit Table(std::vector<std::string> heads = {});
  void add(std::vector<std::string> cells);
  // Columns two spaces apart, each line ended, nothing at all for no rows and no heads. An empty cell shows as "-".
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace slipway::cli
