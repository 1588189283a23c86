#include "workflow/problem.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/text.h"
#include "config/reader.h"

namespace slipway::workflow {

std::string to_string(const Problem& problem) {
  return fmt::format("{}:{}:{}: {} {}: {}", problem.document, problem.mark.line, problem.mark.column, problem.code,
                     problem.pointer.empty() ? "/" : problem.pointer, problem.message);
}

void Problems::add(std::string code, std::string pointer, base::YamlMark mark, std::string message) {
  refused_ |= !code.starts_with("W-");
  if (all_.size() >= kLimit) return;
  all_.push_back({std::move(code), document_, std::move(pointer), mark, std::move(message)});
}

std::vector<Problem> Problems::take() {
  std::ranges::sort(all_, {}, [](const Problem& one) {
    return std::tie(one.mark.line, one.mark.column, one.pointer, one.code, one.message);
  });
  return std::move(all_);
}

std::string suggestion(std::string_view word, const std::vector<std::string_view>& known) {
  if (word.size() < 3) return "";  // anything is near to so little
  std::vector<std::string> lowered;
  for (const auto name : known) lowered.push_back(base::lower(name));
  const auto best = std::ranges::find(lowered, config::nearest(base::lower(word), lowered));
  return best == lowered.end()
             ? ""
             : fmt::format("; did you mean {}?", known[static_cast<std::size_t>(best - lowered.begin())]);
}

}  // namespace slipway::workflow
