#include "provider/local/programs/virtual_environment.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
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
constexpr std::size_t kHashDigits = 24;

// There only when all is installed: it is the last file that is made.
fs::path mark(const fs::path& folder) {
  return folder / ".complete";
}

// An environment's claim, by its key.
fs::path use_of(const fs::path& folder, std::string_view key) {
  return folder / (".used-by-" + std::string(key));
}

// From now on it is in use, and young. Brokers that share the folder may say so at the same time.
Result<void> use(const fs::path& folder, const base::EnvironmentId& user, const Account& account) {
  const AsAccount as(account);
  TRY(create_file(use_of(folder, key_of(user)), ""));
  if (::utimensat(AT_FDCWD, mark(folder).c_str(), nullptr, 0) != 0) return write_failed(mark(folder));
  return {};
}

// One that was left half made has no mark.
bool is_old(const fs::path& folder) {
  std::error_code unseen;
  const auto asked_for = fs::last_write_time(fs::exists(mark(folder), unseen) ? mark(folder) : folder, unseen);
  return !unseen && asked_for < fs::file_time_type::clock::now() - VirtualEnvironments::kKept;
}

// While one lives, nobody else makes or removes that one.
class Claim {
 public:
  Claim(std::set<std::string>& all, std::string key) : all_(all), key_(std::move(key)) { all_.insert(key_); }
  ~Claim() { all_.erase(key_); }
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;

 private:
  std::set<std::string>& all_;
  std::string key_;
};

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

net::Task<std::string> VirtualEnvironments::make(base::EnvironmentId user, std::string requirements,
                                                 milliseconds patience, std::function<void(std::string)> progress) {
  const auto key = base::sha256_hex(requirements).substr(0, kHashDigits);
  const auto folder = home() / key;
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (claimed_.contains(key)) {
    progress("waiting for the same packages, which are being installed for another environment");
    co_await net::sleep_for(machine_.runtime, milliseconds(500));
  }
  const Claim claim(claimed_, key);
  if (!is_whole(folder, machine_.account)) {
    if (::access(kPython, X_OK) != 0) {
      co_return base::unavailable(
          fmt::format("the program {} is missing; install it with: apt-get install python3-venv", kPython),
          "ProgramMissing");
    }
    progress(fmt::format("installing {} Python packages, once for this machine; this takes a minute or more",
                         std::ranges::count(requirements, '\n')));
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - std::chrono::steady_clock::now());
    CO_TRY(co_await build(folder, std::move(requirements), left));
  }
  CO_TRY(co_await net::run_blocking<void>(machine_.runtime,
                                          [this, folder, user] { return use(folder, user, machine_.account); }));
  co_return (folder / "bin/python").native();
}

std::vector<std::string> VirtualEnvironments::unused(const std::vector<base::EnvironmentId>& live) const {
  const AsAccount as(machine_.account);
  std::vector<std::string> folders;
  for (const auto& name : names_in(home())) {
    const auto folder = home() / name;
    std::error_code unseen;
    const bool used = std::ranges::any_of(
        live, [&](const base::EnvironmentId& id) { return fs::exists(use_of(folder, key_of(id)), unseen); });
    if (!used && is_old(folder)) folders.push_back(folder.native());
  }
  return folders;
}

net::Task<bool> VirtualEnvironments::remove(std::string folder) {
  const fs::path path(folder);
  const auto key = path.filename().native();
  if (path.parent_path() != home()) co_return false;
  if (claimed_.contains(key)) co_return true;
  const Claim claim(claimed_, key);
  CO_TRY(co_await net::run_blocking<void>(machine_.runtime, [this, path]() -> Result<void> {
    const AsAccount as(machine_.account);
    if (!is_old(path)) return {};
    std::error_code error;
    fs::remove_all(path, error);
    return error ? Result<void>(write_failed(path, error.value())) : Result<void>();
  }));
  co_return true;
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
