#pragma once
// aws:executeScript (automation-documents.md, 1.9): a document's Python function, run in a sandbox. Off unless the
// broker's settings allow it. Knows no provider and no AWS.

#include <filesystem>
#include <memory>
#include <vector>

#include "config/reader.h"
#include "process/supervisor.h"
#include "workflow/action.h"

namespace slipway::workflow {

struct ScriptSettings {
  bool enabled = false;
  std::chrono::milliseconds time_limit = std::chrono::minutes(10);  // of one attempt; 1s to 10m
  std::size_t memory_limit = 512 << 20;                             // of each process, bytes; from 64 MiB
  std::size_t files_limit = 64 << 20;                               // all files together, bytes; from 1 MiB
  std::size_t output_limit = 64 << 10;                              // kept of each output, bytes; from 1 KiB
  int processes = 32;                                               // of one script, threads too; from 1
  int descriptors = 256;                                            // of each process; from 16
};

// Reads the section `scripts`.
void read_settings(config::Section section, ScriptSettings& settings);

// `hidden`: folders of the broker's that a script must not see wherever they lie.
std::unique_ptr<Action> make_execute_script(process::Supervisors& supervisors, ScriptSettings settings,
                                            std::vector<std::filesystem::path> hidden);

// Whether this machine can confine a script: runs an empty one. Errors: unavailable, with what to do.
net::Task<void> try_sandbox(process::Supervisors& supervisors, ScriptSettings settings);

}  // namespace slipway::workflow
