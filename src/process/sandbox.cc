#include "process/sandbox.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "process/fd.h"

namespace slipway::process {

namespace fs = std::filesystem;

namespace {

// Where the new root is put together: a folder that every machine has, and of which nothing is wanted.
const std::string kRoot = "/tmp";
constexpr unsigned long kPlain = MS_NOSUID | MS_NODEV;

// The system: what programs and their libraries are made of. Nothing with data of people or of services.
constexpr const char* kSystem[] = {"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"};
constexpr const char* kConfiguration[] = {"etc/ld.so.cache", "etc/alternatives", "etc/localtime"};
constexpr const char* kDevices[] = {"dev/null", "dev/zero", "dev/full", "dev/random", "dev/urandom"};

bool write_file(const char* path, const std::string& text) {
  const Fd file(::open(path, O_WRONLY | O_CLOEXEC));
  return file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// Attributes of everything that is mounted there, below it too.
bool restrict_mount(const std::string& path, std::uint64_t attributes) {
  mount_attr wanted = {};
  wanted.attr_set = attributes;
  return ::mount_setattr(AT_FDCWD, path.c_str(), AT_RECURSIVE, &wanted, sizeof wanted) == 0;
}

bool bind(const std::string& from, const std::string& to, std::uint64_t attributes) {
  return ::mount(from.c_str(), to.c_str(), nullptr, MS_BIND | MS_REC, nullptr) == 0 && restrict_mount(to, attributes);
}

// Shows `/name` under the new root, read-only; a link as the link that it is. What does not exist is left out.
bool show(const std::string& name, std::uint64_t attributes) {
  const std::string from = "/" + name, to = kRoot + from;
  struct stat info = {};
  if (::lstat(from.c_str(), &info) != 0) return true;
  std::error_code failed;
  if (S_ISLNK(info.st_mode)) {
    fs::copy_symlink(from, to, failed);
    return !failed;
  }
  if (S_ISDIR(info.st_mode)) return ::mkdir(to.c_str(), 0755) == 0 && bind(from, to, attributes);
  return Fd(::open(to.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644)) && bind(from, to, attributes);
}

bool show_system() {
  constexpr std::uint64_t kReadOnly = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  for (const char* name : kSystem) {
    if (!show(name, kReadOnly)) return false;
  }
  if (::mkdir((kRoot + "/etc").c_str(), 0755) != 0 || ::mkdir((kRoot + "/dev").c_str(), 0755) != 0) return false;
  for (const char* name : kConfiguration) {
    if (!show(name, kReadOnly)) return false;
  }
  for (const char* name : kDevices) {
    if (!show(name, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC)) return false;
  }
  return true;
}

// Where a folder of the broker's lies inside the system, an empty one takes its place.
bool hide(const std::vector<fs::path>& folders) {
  for (const auto& folder : folders) {
    const auto place = kRoot + folder.native();
    std::error_code unseen;
    if (!fs::is_directory(place, unseen)) continue;
    if (::mount("none", place.c_str(), "tmpfs", kPlain | MS_RDONLY, "size=4k,mode=0555") != 0) return false;
  }
  return true;
}

bool make_root(const Sandbox& sandbox) {
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  if (::mount("none", kRoot.c_str(), "tmpfs", kPlain, "size=1m,nr_inodes=1k,mode=0755") != 0) return false;
  if (!show_system() || !hide(sandbox.hidden)) return false;
  const auto own = kRoot + "/tmp";
  const auto size = fmt::format("size={},nr_inodes=10k,mode=0700", sandbox.files_bytes);
  return ::mkdir(own.c_str(), 0755) == 0 && ::mount("none", own.c_str(), "tmpfs", kPlain, size.c_str()) == 0;
}

bool change_root() {
  if (::chdir(kRoot.c_str()) != 0 || ::syscall(SYS_pivot_root, ".", ".") != 0) return false;
  // The old root lies over the new one now: nothing of it stays reachable.
  if (::umount2(".", MNT_DETACH) != 0 || ::chdir("/") != 0) return false;
  mount_attr read_only = {};
  read_only.attr_set = MOUNT_ATTR_RDONLY;
  return ::mount_setattr(AT_FDCWD, "/", 0, &read_only, sizeof read_only) == 0 && ::chdir("/tmp") == 0;
}

bool drop_rights() {
  __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::syscall(SYS_capset, &header, none) == 0;
}

bool limit(__rlimit_resource resource, std::uint64_t most) {
  rlimit present = {};
  if (::getrlimit(resource, &present) != 0) return false;
  const rlimit wanted = {.rlim_cur = std::min<rlim_t>(most, present.rlim_max),
                         .rlim_max = std::min<rlim_t>(most, present.rlim_max)};
  return ::setrlimit(resource, &wanted) == 0;
}

bool limit_all(const Sandbox& sandbox) {
  // The kernel counts processes of this account in this user namespace: the program's, and its supervisor.
  return limit(RLIMIT_NPROC, static_cast<std::uint64_t>(sandbox.processes) + 1) &&
         limit(RLIMIT_NOFILE, static_cast<std::uint64_t>(sandbox.descriptors)) &&
         limit(RLIMIT_FSIZE, sandbox.files_bytes) &&
         limit(RLIMIT_CPU, static_cast<std::uint64_t>(sandbox.cpu.count())) && limit(RLIMIT_CORE, 0) &&
         limit(RLIMIT_MSGQUEUE, 0) && limit(RLIMIT_MEMLOCK, 0) && limit(RLIMIT_RTPRIO, 0) &&
         ::setpriority(PRIO_PROCESS, 0, 10) == 0 && limit(RLIMIT_AS, sandbox.memory_bytes);
}

}  // namespace

base::Result<void> open_namespaces() {
  const auto uid = ::geteuid();
  const auto gid = ::getegid();
  // A change of account has made /proc/self root's.
  ::prctl(PR_SET_DUMPABLE, 1);
  if (::unshare(CLONE_NEWUSER | CLONE_NEWPID) == 0 && write_file("/proc/self/setgroups", "deny") &&
      write_file("/proc/self/uid_map", fmt::format("{0} {0} 1", uid)) &&
      write_file("/proc/self/gid_map", fmt::format("{0} {0} 1", gid))) {
    return {};
  }
  return base::unavailable(
      fmt::format("{}; allow them with sysctl user.max_user_namespaces=10000, and where they exist "
                  "kernel.unprivileged_userns_clone=1 and kernel.apparmor_restrict_unprivileged_userns=0; a container "
                  "must allow unshare",
                  base::from_errno("the kernel gives this account no user namespace").message),
      "NoNamespaces");
}

int enter_sandbox(const Sandbox& sandbox) {
  int stage = 0;
  if (::unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) != 0) return stage;
  ++stage;
  if (!make_root(sandbox)) return stage;
  ++stage;
  if (!change_root()) return stage;
  ++stage;
  if (::sethostname("script", 6) != 0 || !drop_rights()) return stage;
  ++stage;
  if (!filter_system_calls()) return stage;
  ++stage;
  // Last: the limit on memory is less than what this program has mapped.
  if (!limit_all(sandbox)) return stage;
  return -1;
}

const char* sandbox_stage(int failed) {
  constexpr const char* kStages[] = {"make further namespaces", "make mounts of its own",  "change its root",
                                     "give up its rights",      "filter its system calls", "set its limits"};
  return kStages[failed];
}

}  // namespace slipway::process
