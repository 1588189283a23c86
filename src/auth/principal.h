#pragma once
// Who calls, as far as authentication can tell. Used by whoever decides or records; knows no request.

#include <optional>
#include <string>
#include <string_view>

namespace slipway::auth {

// What a key may do. Each may launch, look at and end environments.
enum class Rights {
  user,           // nothing more
  types,          // push, promote and roll back environment types
  administrator,  // everything: keys and leftovers too
};
std::string_view to_string(Rights rights);  // "types"
std::optional<Rights> rights_from(std::string_view text);

struct Principal {
  std::string access_key_id;
  std::string arn;  // as audit records and refusals name it: arn:aws:iam::000000000000:user/NAME
  Rights rights = Rights::user;
};

}  // namespace slipway::auth
