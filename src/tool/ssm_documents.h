#pragma once
// Automation documents that are there, taken over into the folder of a type as they are: which operation each is for,
// under which name it lands, and what type.yaml has to say of them. Used by `slipway types new --from-ssm`.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace slipway::tool {

struct TakenOver {
  std::map<std::string, std::string> files;       // texts by file name
  std::map<std::string, std::string> operations;  // to file names
  std::vector<std::string> children;              // file names; one of an operation that others execute too
  // What a launch is asked for: name and declaration (JSON) of the operations' documents, in their order, each once.
  // Children get theirs from the steps that execute them.
  std::vector<std::pair<std::string, std::string>> parameters;
  bool aws = false;  // one of them calls AWS
};

// `given`, each one of:
//   FILE            for the operation that its name says (sagemakerLaunchSSM.yaml); else a child
//   launch=FILE     for that operation
//   NAME=FILE       a child: lands as NAME.yaml, so that it is found under the name that it is executed by
// What is said comes before what is guessed, and what no other document executes before what one does. Blocks. Errors:
// not_found, forbidden (a file); invalid: no YAML, two for one operation or of one name, a document that is executed
// and not among them.
base::Result<TakenOver> take_over(const std::vector<std::string>& given);

}  // namespace slipway::tool
