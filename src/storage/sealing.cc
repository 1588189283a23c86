#include "storage/sealing.h"

#include <fmt/format.h>

#include <stdexcept>

namespace slipway::storage {

namespace {

constexpr std::string_view kMark = "sealed:";

class NoSealing final : public Sealing {
 public:
  std::string seal(std::string, std::string_view owner) const override {
    throw std::logic_error(fmt::format("nothing is there to seal {} with", owner));
  }
  base::Result<std::string> open(std::string_view, std::string_view) const override {
    return base::invalid("there is no key to open it with");
  }
};

}  // namespace

const Sealing& no_sealing() {
  static const NoSealing none;
  return none;
}

bool is_sealed(std::string_view column) {
  return column.starts_with(kMark);
}

std::string to_column(std::string text, bool secret, std::string_view owner, const Sealing& sealing) {
  // A text of somebody's that begins like a sealed one would not open when it is read.
  if (!secret && !is_sealed(text)) return text;
  return std::string(kMark) + sealing.seal(std::move(text), owner);
}

base::Result<std::string> from_column(std::string column, std::string_view owner, const Sealing& sealing) {
  if (!is_sealed(column)) return column;
  auto text = sealing.open(std::string_view(column).substr(kMark.size()), owner);
  if (text) return text;
  return base::internal(
             fmt::format("{} do not open with this key file: they were sealed with another one, or changed; give the "
                         "one that they were sealed with (--key-file)",
                         owner))
      .with_context(text.error().message);
}

}  // namespace slipway::storage
