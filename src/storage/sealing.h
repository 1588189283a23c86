#pragma once
// Columns that hold what nobody may see are stored sealed, so that a copy of the database shows it to nobody. Who can
// seal is handed in by the composition root (auth/column_seal.h); storage, workflow and broker know only this of it.

#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::storage {

// May be called on any thread.
class Sealing {
 public:
  virtual ~Sealing() = default;
  // `owner` is bound in: what comes out opens under the same one alone.
  virtual std::string seal(std::string text, std::string_view owner) const = 0;
  // Errors: invalid (another key, another owner, or changed).
  virtual base::Result<std::string> open(std::string_view sealed, std::string_view owner) const = 0;
};

// Of who has no secrets: it opens nothing, and sealing with it is a bug and throws.
const Sealing& no_sealing();

bool is_sealed(std::string_view column);
// What a column holds for `text`: sealed where it is `secret`. `owner`: such as "the values of execution 0190...".
std::string to_column(std::string text, bool secret, std::string_view owner, const Sealing& sealing);
// The text of a column, whether it was sealed or not. Errors: internal, where it does not open.
base::Result<std::string> from_column(std::string column, std::string_view owner, const Sealing& sealing);

}  // namespace slipway::storage
