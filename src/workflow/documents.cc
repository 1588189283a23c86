#include "workflow/documents.h"

#include <fmt/format.h>

#include "base/text.h"

namespace slipway::workflow {

std::string_view document_base_name(std::string_view name) {
  constexpr std::string_view kMark = ":document/";
  const auto mark = name.rfind(kMark);
  return name.starts_with("arn:") && mark != std::string_view::npos ? name.substr(mark + kMark.size()) : name;
}

base::Result<void> check_document_version(std::string_view version) {
  if (version == "1" || version == "$DEFAULT" || version == "$LATEST") return {};
  return base::invalid(
      fmt::format("there is no version '{}': a document has none but that of its type's version; DocumentVersion is 1, "
                  "$DEFAULT or $LATEST",
                  base::excerpt(version)));
}

}  // namespace slipway::workflow
