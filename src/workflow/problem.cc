#include "workflow/problem.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <tuple>

#include "base/text.h"
#include "config/reader.h"

namespace slipway::workflow {

namespace {
constexpr std::size_t kLongestPointer = 500;
constexpr std::size_t kLongestWord = 100;
}  // namespace

std::string to_string(const Problem& problem) {
  return fmt::format("{}:{}:{}: {} {}: {}", problem.document, problem.mark.line, problem.mark.column, problem.code,
                     problem.pointer.empty() ? "/" : problem.pointer, problem.message);
}

void Problems::add(std::string code, std::string pointer, base::YamlMark mark, std::string message) {
  refused_ |= !code.starts_with("W-");
  if (all_.size() >= kLimit) return;
  // Whose keys are longer than all of this holds has other problems than where they are.
  if (pointer.size() > kLongestPointer) pointer = base::excerpt(pointer, kLongestPointer);
  all_.push_back({std::move(code), document_, std::move(pointer), mark, std::move(message)});
}

void Problems::add_refusal(const base::Error& refusal, std::string_view hint) {
  base::YamlMark mark;
  std::string_view rest = refusal.message;
  const auto number = [&rest](std::string_view before, int& into) {
    if (!rest.starts_with(before)) return false;
    rest.remove_prefix(before.size());
    const auto [end, failure] = std::from_chars(rest.data(), rest.data() + rest.size(), into);
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    return failure == std::errc();
  };
  const bool placed = number("line ", mark.line) && number(", column ", mark.column) && rest.starts_with(": ");
  add("E-PARSE", "", placed ? mark : base::YamlMark{1, 1},
      (placed ? std::string(rest.substr(2)) : refusal.message) + std::string(hint));
}

std::vector<Problem> Problems::take() {
  std::ranges::sort(all_, {}, [](const Problem& one) {
    return std::tie(one.mark.line, one.mark.column, one.pointer, one.code, one.message);
  });
  return std::move(all_);
}

std::string suggestion(std::string_view word, const std::vector<std::string_view>& known) {
  if (word.size() < 3 || word.size() > kLongestWord) return "";  // anything is near to so little
  std::vector<std::string> lowered;
  for (const auto name : known) lowered.push_back(base::lower(name));
  const auto best = std::ranges::find(lowered, config::nearest(base::lower(word), lowered));
  return best == lowered.end()
             ? ""
             : fmt::format("; did you mean {}?", known[static_cast<std::size_t>(best - lowered.begin())]);
}

}  // namespace slipway::workflow
