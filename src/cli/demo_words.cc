#include "cli/demo_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>

#include "base/text.h"

namespace slipway::cli {

std::string shell_word(const std::string& text) {
  auto plain = [](unsigned char c) {
    return std::isalnum(c) || std::string_view("/._-+,:@%=").find(c) != std::string_view::npos;
  };
  if (!text.empty() && std::all_of(text.begin(), text.end(), plain)) return text;
  std::string word = "'";
  for (char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

namespace {

// Below the current folder a short path, elsewhere the whole one.
std::string path_word(const std::filesystem::path& path) {
  std::error_code failed;
  auto relative = std::filesystem::relative(path, failed);
  return shell_word(failed || relative.empty() || *relative.begin() == ".." ? path : relative);
}

}  // namespace

std::string program() {
  std::error_code failed;
  auto self = std::filesystem::read_symlink("/proc/self/exe", failed);
  const char* path = std::getenv("PATH");
  for (auto folder : base::split(path ? path : "", ':')) {
    if (std::filesystem::equivalent(std::filesystem::path(folder) / "slipway", self, failed)) return "slipway";
  }
  return path_word(self);
}

std::string how_to_use_and_stop(const std::string& cluster, const std::string& folder_option, pid_t pid,
                                const std::string& log) {
  auto text = fmt::format(
      "\nBroker and cluster are running. Use them:\n"
      "  {2} cluster describe{1} {0}\n"
      "  {2} cluster exec{1} {0} -- sinfo\n"
      "  {2} why{1} {0}\n"
      "Stop them:\n"
      "  {2} cluster delete{1} {0} --wait\n",
      cluster, folder_option, program());
  if (pid != 0) text += fmt::format("  kill {}     # the broker; its log is in {}\n", pid, log);
  return text;
}

std::string what_to_try_next(const std::filesystem::path& examples) {
  return fmt::format(
      "\nThat was everything. Try next:\n"
      "  {0} demo --keep  the same, and broker and cluster stay\n"
      "  {0} doctor       whether this machine is in order\n"
      "  {0} serve        a broker in the foreground; then, elsewhere:\n"
      "  {0} cluster create first --config {1}\n"
      "  {0} cluster exec first -- srun -N3 hostname\n"
      "  {0} why first    what happened, step by step\n",
      program(), path_word(examples / "parallelcluster/first-cluster.yaml"));
}

}  // namespace slipway::cli
