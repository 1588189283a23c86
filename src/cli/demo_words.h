#pragma once
// What the demo says at its end.

#include <sys/types.h>

#include <filesystem>
#include <string>

namespace slipway::cli {

// How a person calls this very program: by its name where PATH finds it, else by its path.
std::string program();
// As a shell takes it for one word.
std::string shell_word(const std::string& text);
// `folder_option`: " --data-dir DIR", or empty. `pid`: of a broker that the demo started, else 0.
std::string how_to_use_and_stop(const std::string& cluster, const std::string& folder_option, pid_t pid,
                                const std::string& log);
// `examples`: folder of the example requests.
std::string what_to_try_next(const std::filesystem::path& examples);

}  // namespace slipway::cli
