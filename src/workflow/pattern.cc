#include "workflow/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

#include <array>

namespace slipway::workflow {

namespace {

constexpr std::uint32_t kMatchLimit = 200'000;
constexpr std::uint32_t kDepthLimit = 2'000;
constexpr std::uint32_t kHeapLimitKib = 20'000;

std::string message_of(int code) {
  std::array<PCRE2_UCHAR, 256> text{};
  pcre2_get_error_message(code, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

}  // namespace

struct Pattern::Compiled {
  explicit Compiled(pcre2_code* compiled) : code(compiled), context(pcre2_match_context_create(nullptr)) {
    pcre2_set_match_limit(context, kMatchLimit);
    pcre2_set_depth_limit(context, kDepthLimit);
    pcre2_set_heap_limit(context, kHeapLimitKib);
  }
  Compiled(const Compiled&) = delete;
  Compiled& operator=(const Compiled&) = delete;
  ~Compiled() {
    pcre2_match_context_free(context);
    pcre2_code_free(code);
  }
  pcre2_code* code;
  pcre2_match_context* context;
};

base::Result<Pattern> Pattern::compile(std::string_view text) {
  int code = 0;
  PCRE2_SIZE offset = 0;
  // NEVER_BACKSLASH_C keeps out what Java does not have and what would split a character.
  const std::uint32_t options = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_ANCHORED | PCRE2_ENDANCHORED;
  pcre2_code* compiled =
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), options, &code, &offset, nullptr);
  if (compiled == nullptr) return base::invalid(fmt::format("{} at character {}", message_of(code), offset));
  Pattern pattern;
  pattern.text_ = text;
  pattern.compiled_ = std::make_shared<const Compiled>(compiled);
  return pattern;
}

base::Result<bool> Pattern::matches(std::string_view subject) const {
  const std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> data(pcre2_match_data_create(1, nullptr),
                                                                                 &pcre2_match_data_free);
  const int found = pcre2_match(compiled_->code, reinterpret_cast<PCRE2_SPTR>(subject.data()), subject.size(), 0, 0,
                                data.get(), compiled_->context);
  if (found >= 0) return true;
  if (found == PCRE2_ERROR_NOMATCH) return false;
  return base::invalid(fmt::format("the pattern cannot be tried: {}", message_of(found)));
}

bool Pattern::anchored() const {
  return (text_.starts_with("^") || text_.starts_with("\\A")) && (text_.ends_with("$") || text_.ends_with("\\z"));
}

}  // namespace slipway::workflow
