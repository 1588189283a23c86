#pragma once
// The environment of a test, through the API that everybody has.

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/client.h"
#include "tool/types_test/tested_type.h"

namespace slipway::tool {

// Those that run a durable execution, in the order of a life.
enum class Operation { launch, stop, start, terminate };
std::string_view to_string(Operation operation);
// The status that it must reach.
std::string_view wanted(Operation operation);

struct Seen {
  std::string status;  // the broker's word
  std::string held;    // kind of the execution that waits for a person to say what became of a call; mostly empty
  std::string reason;  // of a failure
  std::vector<std::string> lines;  // the last that the failing step said
};

class TestedEnvironment {
 public:
  // `type` outlives it.
  TestedEnvironment(const TestedType& type, std::string name) : type_(type), name_(std::move(name)) {}

  // Nothing where there never was one.
  base::Result<std::optional<Seen>> look(const cli::Client& client) const;
  // Returns when it is accepted.
  base::Result<void> ask(const cli::Client& client, Operation operation) const;
  // True where the operation is still to be asked for: nobody has accepted it.
  static bool not_asked(Operation operation, const std::optional<Seen>& seen);
  // What connect gives, by key.
  base::Result<boost::json::object> connect(const cli::Client& client) const;
  // ", at step Wait ...", with what a person has to do for it; empty where nothing goes on.
  std::string doing(const cli::Client& client) const;
  // Its folder on this machine: the output Directory or Folder of its launch; empty where there is none.
  base::Result<std::string> directory(const cli::Client& client) const;

  const std::string& name() const { return name_; }

 private:
  std::string path(std::string_view rest = {}) const;

  const TestedType& type_;
  const std::string name_;
};

}  // namespace slipway::tool
