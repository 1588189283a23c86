#pragma once
// Who calls, as far as authentication can tell. Used by whoever decides or records; knows no request.

#include <string>

namespace slipway::auth {

struct Principal {
  std::string access_key_id;
  std::string arn;  // as audit records and refusals name it: arn:aws:iam::000000000000:user/NAME
  bool administrator = false;
};

}  // namespace slipway::auth
