#pragma once
// A compiled allowedPattern: Java's regular expressions as far as PCRE2 reads them alike, with limits on time and
// depth. Used by parameter checks. Knows no document.

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::workflow {

class Pattern {
 public:
  // Errors: invalid, with the place in the pattern where it fails.
  static base::Result<Pattern> compile(std::string_view text);

  // True where the whole `subject` matches. Errors: invalid where matching takes more steps than allowed, or `subject`
  // is not UTF-8.
  base::Result<bool> matches(std::string_view subject) const;
  // False where the pattern itself does not say that it means the whole text: the engine reads it so all the same.
  bool anchored() const;
  const std::string& text() const { return text_; }

 private:
  struct Compiled;
  std::string text_;
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace slipway::workflow
