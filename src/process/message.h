#pragma once
// What broker and supervisor tell each other, as JSON: the request that a supervisor is started with, and its reports.
// Used by both sides of this folder; knows no files and no descriptors.

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "process/proc.h"
#include "process/supervisor.h"

namespace slipway::process {

// What a supervisor finds open: a packet socket to the broker, the request, and for Mode::run where the outputs
// go, the result of a sandbox last.
enum Descriptor : int { kControl = 3, kRequest = 4, kOut = 5, kErr = 6, kResult = 7 };
// The one word that the broker says after the request, upon Report::What::prepared.
constexpr std::string_view kGo = "go";

struct Request {
  enum class Mode { start, run, sweep };

  Mode mode = Mode::start;
  std::filesystem::path folder{};     // of start and sweep
  Spec spec{};                        // of start and run
  std::optional<Account> account{};   // to be entered first
  std::optional<Sandbox> sandbox{};   // of run: the program is confined
  std::optional<Identity> program{};  // of sweep: ended too, wherever it is found
};

std::string to_json(const Request& request);
base::Result<Request> parse_request(std::string_view json);

// spec.json.
std::string to_json(const Spec& spec);
base::Result<Spec> parse_spec(std::string_view text);

struct Report {
  enum class What { prepared, adopted, running, exited, swept, failed };

  What what = What::failed;
  int exit_code = 0;                   // of exited; 128 + signal where a signal ended it
  int count = 0;                       // of swept
  std::optional<base::Error> error{};  // of failed: kind, message and code
};

std::string to_json(const Report& report);
base::Result<Report> parse_report(std::string_view json);

}  // namespace slipway::process
