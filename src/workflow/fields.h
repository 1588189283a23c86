#pragma once
// One mapping of a document, read key by key: what was asked for is what is allowed, so that every other key is a
// problem with the nearest allowed one beside it. Used by the document loader and the reader of environment types.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/yaml.h"
#include "workflow/problem.h"

namespace slipway::workflow {

class Fields {
 public:
  // `what` is how messages call the mapping: "step Launch". A node that is no mapping is a problem and reads as empty.
  Fields(const base::YamlNode& node, std::string pointer, std::string what, Problems& problems);

  const base::YamlNode* find(std::string_view key);  // null where absent or null
  std::optional<std::string> text(std::string_view key);
  bool boolean(std::string_view key, bool otherwise);  // a boolean, or a text that says one
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t least, std::int64_t most);
  void ignore(std::string_view key) { find(key); }
  // The keys nobody asked for become problems.
  void refuse_rest();

  void problem(std::string code, std::string_view key, std::string message);  // at the key's value, else the mapping
  const std::string& pointer() const { return pointer_; }
  std::string pointer(std::string_view key) const;
  base::YamlMark mark() const { return node_.mark; }
  bool is_mapping() const { return node_.is_mapping(); }

 private:
  const base::YamlNode& node_;
  std::string pointer_;
  std::string what_;
  Problems& problems_;
  std::vector<std::string_view> known_;
};

// `name` as a part of a JSON pointer: "/a~1b".
std::string pointer_part(std::string_view name);

}  // namespace slipway::workflow
