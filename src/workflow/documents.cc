#include "workflow/documents.h"

namespace slipway::workflow {

std::string_view document_base_name(std::string_view name) {
  constexpr std::string_view kMark = ":document/";
  const auto mark = name.rfind(kMark);
  return name.starts_with("arn:") && mark != std::string_view::npos ? name.substr(mark + kMark.size()) : name;
}

}  // namespace slipway::workflow
