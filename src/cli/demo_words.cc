#include "cli/demo_words.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "base/text.h"

namespace slipway::cli {

namespace {

// How a person calls this very program: by its name where PATH finds it, else by its path.
std::string program() {
  std::error_code failed;
  auto self = std::filesystem::read_symlink("/proc/self/exe", failed);
  const char* path = std::getenv("PATH");
  for (auto folder : base::split(path ? path : "", ':')) {
    if (std::filesystem::equivalent(std::filesystem::path(folder) / "slipway", self, failed)) return "slipway";
  }
  auto relative = std::filesystem::relative(self, failed);
  return failed || relative.empty() || *relative.begin() == ".." ? self.native() : relative.native();
}

}  // namespace

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

std::string what_to_try_next() {
  return fmt::format(
      "\nThat was everything. Try next:\n"
      "  make demo KEEP=1     the same, and broker and cluster stay for you to use\n"
      "  {0} doctor     whether this machine is in order\n"
      "  {0} serve      a broker in the foreground; then, elsewhere:\n"
      "  {0} cluster create first --config examples/parallelcluster/first-cluster.yaml\n"
      "  {0} cluster exec first -- srun -N3 hostname\n"
      "  {0} why first  what happened, step by step\n",
      program());
}

}  // namespace slipway::cli
