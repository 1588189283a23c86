#include "http/pattern.h"

#include <fmt/format.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>

namespace slipway::http {

struct Pattern::Code {
  explicit Code(pcre2_code* compiled) : code(compiled), match(pcre2_match_data_create(1, nullptr)) {}
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;
  ~Code() {
    pcre2_match_data_free(match);
    pcre2_code_free(code);
  }

  pcre2_code* code;
  pcre2_match_data* match;  // schemas are checked on the I/O thread alone, one at a time
};

namespace {
PCRE2_SPTR bytes(std::string_view text) {
  return reinterpret_cast<PCRE2_SPTR>(text.data());
}
}  // namespace

base::Result<Pattern> Pattern::compile(std::string text) {
  int number = 0;
  PCRE2_SIZE offset = 0;
  auto* code = pcre2_compile(bytes(text), text.size(), PCRE2_UTF | PCRE2_DOLLAR_ENDONLY, &number, &offset, nullptr);
  if (!code) {
    std::array<unsigned char, 256> reason{};
    pcre2_get_error_message(number, reason.data(), reason.size());
    return base::invalid(fmt::format("the pattern '{}' is wrong at character {}: {}", text, offset,
                                     reinterpret_cast<const char*>(reason.data())));
  }
  return Pattern(std::move(text), std::make_unique<Code>(code));
}

Pattern::Pattern(std::string text, std::unique_ptr<Code> code) : text_(std::move(text)), code_(std::move(code)) {}
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

bool Pattern::matches(std::string_view subject) const {
  return pcre2_match(code_->code, bytes(subject), subject.size(), 0, 0, code_->match, nullptr) >= 0;
}

}  // namespace slipway::http
