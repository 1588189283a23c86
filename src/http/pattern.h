#pragma once
// A regular expression of a schema, matched anywhere in the text unless it is anchored; `$` is the very end.
// Used by schema.cc. PCRE2 stays in pattern.cc.

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::http {

class Pattern {
 public:
  // Errors: invalid, with the place in `text`.
  static base::Result<Pattern> compile(std::string text);
  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();

  // `subject` is UTF-8. A match that would take more than PCRE2's limits of work is none.
  bool matches(std::string_view subject) const;
  const std::string& text() const { return text_; }

 private:
  struct Code;
  Pattern(std::string text, std::unique_ptr<Code> code);
  std::string text_;
  std::unique_ptr<Code> code_;
};

}  // namespace slipway::http
