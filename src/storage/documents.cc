#include "storage/documents.h"

#include "base/ids.h"
#include "storage/columns.h"

namespace slipway::storage {

using base::Result;

namespace {

DocumentRow read_document(Columns columns) {
  DocumentRow row;
  row.name = columns.text();
  row.version = columns.integer();
  row.sha256 = columns.text();
  row.content = columns.text();
  row.semantics = columns.integer();
  row.created_at = columns.time();
  return row;
}

}  // namespace

Result<std::int64_t> ensure_document(Connection& connection, std::string_view name, std::string_view content,
                                     std::int64_t semantics, base::Time now) {
  const auto sha256 = base::sha256_hex(content);
  const auto known =
      TRY(first_row(connection, "SELECT version FROM document WHERE name = ? AND sha256 = ? AND semantics = ?",
                    {name, sha256, semantics}, read_integer));
  if (known) return *known;
  const auto added = TRY(
      first_row(connection,
                "INSERT INTO document (name, version, sha256, content, semantics, created_at) "
                "SELECT ?, COALESCE(MAX(version), 0) + 1, ?, ?, ?, ? FROM document WHERE name = ? RETURNING version",
                {name, sha256, content, semantics, column(now), name}, read_integer));
  return added.value();
}

Result<std::optional<DocumentRow>> find_document(Connection& connection, std::string_view name, std::int64_t version) {
  return first_row(
      connection,
      "SELECT name, version, sha256, content, semantics, created_at FROM document WHERE name = ? AND version = ?",
      {name, version}, read_document);
}

}  // namespace slipway::storage
