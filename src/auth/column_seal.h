#pragma once
// Seals columns of the database (storage/sealing.h) under a key derived from the sealing key. Made by the access keys,
// which have that key, and by `slipway verify`.

#include <optional>
#include <string>
#include <string_view>

#include "auth/seal.h"
#include "storage/sealing.h"

namespace slipway::auth {

class ColumnSeal final : public storage::Sealing {
 public:
  // Before anything is sealed or opened.
  void use(const Seal& seal) { seal_ = seal.derived("columns"); }

  std::string seal(std::string text, std::string_view owner) const override;
  base::Result<std::string> open(std::string_view sealed, std::string_view owner) const override;

 private:
  std::optional<Seal> seal_;
};

}  // namespace slipway::auth
