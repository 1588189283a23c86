#include "auth/column_seal.h"

namespace slipway::auth {

std::string ColumnSeal::seal(std::string text, std::string_view owner) const {
  return seal_.value().seal(base::Secret(std::move(text)), owner);
}

base::Result<std::string> ColumnSeal::open(std::string_view sealed, std::string_view owner) const {
  return TRY(seal_.value().open(sealed, owner)).reveal();
}

}  // namespace slipway::auth
