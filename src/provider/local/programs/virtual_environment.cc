#include "provider/local/programs/virtual_environment.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/text.h"
#include "process/fd.h"
#include "provider/local/as_account.h"
#include "provider/local/environments_folder.h"
#include "provider/local/regular_file.h"

namespace slipway::provider::local::programs {

namespace fs = std::filesystem;
using base::Result;
using std::chrono::milliseconds;

namespace {

constexpr const char* kPython = "/usr/bin/python3";
constexpr std::size_t kShownLines = 10;

// There only when all is installed: it is the last file that is made.
fs::path mark(const fs::path& folder) {
  return folder / ".complete";
}

bool is_whole(const fs::path& folder, const Account& account) {
  const AsAccount as(account);
  std::error_code unseen;
  return fs::exists(mark(folder), unseen);
}

Result<void> begin(const fs::path& folder, const std::string& requirements, const Account& account) {
  const AsAccount as(account);
  std::error_code error;
  fs::remove_all(folder, error);
  if (!error) fs::create_directories(folder, error);
  if (error) return write_failed(folder, error.value());
  return replace_file(folder / "requirements.txt", requirements, 0600, Durable::no);
}

// What was installed is on the disk before the mark says so.
Result<void> finish(const fs::path& folder, const Account& account) {
  const AsAccount as(account);
  const process::Fd parent(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!parent || ::syncfs(parent.get()) != 0) return write_failed(folder);
  return replace_file(mark(folder), "", 0600, Durable::yes);
}

base::Error pip_failed(const process::Supervisors::Output& output) {
  const auto says = [&](std::string_view words) {
    return output.err.find(words) != std::string::npos || output.out.find(words) != std::string::npos;
  };
  auto error = base::unavailable(
      "the Python packages could not be installed; pip's last lines say why, and the list of requirements has to fit "
      "this machine's Python and processor",
      "PackagesNotInstalled");
  if (says("No space left on device")) {
    error.message = "the disk is full; free some space on the disk of local.environments_dir";
    error.code = "DiskFull";
  } else if (says("Connection") || says("connection") || says("Name or service") || says("timed out")) {
    error.message =
        "the index of Python packages cannot be reached; connect this machine to it, or name a mirror in /etc/pip.conf";
    error.code = "PackagesUnreachable";
  } else if (says("ensurepip is not available")) {
    error.message = "Python cannot make virtual environments; install that with: apt-get install python3-venv";
    error.code = "ProgramMissing";
  }
  for (const auto line : base::split(output.err.empty() ? output.out : output.err, '\n')) {
    if (!base::trim(line).empty()) error.evidence.emplace_back(base::printable(line.substr(0, 500)));
  }
  auto& lines = error.evidence;
  if (lines.size() > kShownLines) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(kShownLines));
  return error;
}

}  // namespace

net::Task<std::string> VirtualEnvironments::make(std::string requirements, milliseconds patience,
                                                 std::function<void(std::string)> progress) {
  const auto key = base::sha256_hex(requirements).substr(0, 24);
  const auto folder = machine_.settings.environments_dir / ".venvs" / key;
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (building_.contains(key)) {
    progress("waiting for the same packages, which are being installed for another environment");
    co_await net::sleep_for(machine_.runtime, milliseconds(500));
  }
  if (is_whole(folder, machine_.account)) co_return (folder / "bin/python").native();
  if (::access(kPython, X_OK) != 0) {
    co_return base::unavailable(
        fmt::format("the program {} is missing; install it with: apt-get install python3-venv", kPython),
        "ProgramMissing");
  }
  struct Building {
    Building(std::set<std::string>& given, std::string name) : all(given), key(std::move(name)) { all.insert(key); }
    ~Building() { all.erase(key); }
    std::set<std::string>& all;
    std::string key;
  } building(building_, key);
  progress(fmt::format("installing {} Python packages, once for this machine; this takes a minute or more",
                       std::ranges::count(requirements, '\n')));
  const auto left = std::chrono::duration_cast<milliseconds>(deadline - std::chrono::steady_clock::now());
  CO_TRY(co_await build(folder, std::move(requirements), left));
  co_return (folder / "bin/python").native();
}

net::Task<void> VirtualEnvironments::build(fs::path folder, std::string requirements, milliseconds patience) {
  const auto& account = machine_.account;
  CO_TRY(co_await net::run_blocking<void>(
      machine_.runtime, [&account, folder, requirements] { return begin(folder, requirements, account); }));
  const auto until = std::chrono::steady_clock::now() + patience;
  const std::vector<std::vector<std::string>> commands{
      {kPython, "-m", "venv", folder.native()},
      {(folder / "bin/python").native(), "-m", "pip", "install", "--no-input", "--no-cache-dir",
       "--disable-pip-version-check", "--require-hashes", "--only-binary", ":all:", "--requirement",
       (folder / "requirements.txt").native()}};
  for (const auto& command : commands) {
    const auto left = std::chrono::duration_cast<milliseconds>(until - std::chrono::steady_clock::now());
    // It ends with the broker, so that nobody else is at work in this folder after a restart.
    const auto ran = CO_TRY(co_await machine_.supervisors.run(
        {.command = command,
         .environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"HOME", folder.native()}, {"LANG", "C.UTF-8"}},
         .directory = folder},
        std::max(left, milliseconds(1))));
    if (ran.exit_code != 0) co_return pip_failed(ran);
  }
  co_return co_await net::run_blocking<void>(machine_.runtime, [&account, folder] { return finish(folder, account); });
}

}  // namespace slipway::provider::local::programs
