#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <vector>

#include "process/sandbox.h"

namespace slipway::process {

namespace {

#if defined(__x86_64__)
constexpr unsigned kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "sandbox_filter.cc needs this machine's AUDIT_ARCH"
#endif

constexpr unsigned kX32 = 0x40000000;  // calls of x32 have other numbers

constexpr int kRefused[] = {
    // Keys of the account, whatever its namespace.
    SYS_keyctl, SYS_add_key, SYS_request_key,
    // Memory beside the address space and the files that the limits count.
    SYS_memfd_create, SYS_memfd_secret, SYS_shmget, SYS_semget, SYS_msgget, SYS_mq_open,
    // More of the kernel than a program needs.
    SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register,
    SYS_unshare, SYS_setns, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_mount_setattr, SYS_move_mount, SYS_open_tree,
    SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick, SYS_chroot, SYS_ptrace, SYS_process_vm_readv,
    SYS_process_vm_writev, SYS_pidfd_getfd, SYS_kcmp, SYS_name_to_handle_at, SYS_open_by_handle_at, SYS_fanotify_init,
    SYS_quotactl, SYS_syslog, SYS_acct, SYS_swapon, SYS_swapoff, SYS_reboot, SYS_kexec_load, SYS_init_module,
    SYS_finit_module, SYS_delete_module};

class Filter {
 public:
  Filter() {
    load(offsetof(seccomp_data, arch));
    unless(kArchitecture, SECCOMP_RET_KILL_PROCESS);
    load(offsetof(seccomp_data, nr));
#if defined(__x86_64__)
    add(BPF_JMP | BPF_JGE | BPF_K, kX32, 0, 1);
    answer(SECCOMP_RET_KILL_PROCESS);
#endif
    for (const int call : kRefused) when(static_cast<unsigned>(call), SECCOMP_RET_ERRNO | EPERM);
    // Its flags are in memory, which a filter cannot read; every C library goes on with clone.
    when(SYS_clone3, SECCOMP_RET_ERRNO | ENOSYS);
    refuse_clone();
    refuse_sockets();
    answer(SECCOMP_RET_ALLOW);
  }

  bool install() {
    const sock_fprog program{.len = static_cast<unsigned short>(code_.size()), .filter = code_.data()};
    return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
  }

 private:
  void add(int code, unsigned value, int if_true = 0, int if_false = 0) {
    code_.push_back({.code = static_cast<unsigned short>(code),
                     .jt = static_cast<unsigned char>(if_true),
                     .jf = static_cast<unsigned char>(if_false),
                     .k = value});
  }
  void load(unsigned offset) { add(BPF_LD | BPF_W | BPF_ABS, offset); }
  void answer(unsigned action) { add(BPF_RET | BPF_K, action); }
  void when(unsigned value, unsigned action) {
    add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
    answer(action);
  }
  void unless(unsigned value, unsigned action) {
    add(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0);
    answer(action);
  }

  // The first argument decides; both architectures are little-endian.
  void refuse_clone() {
    constexpr unsigned kNamespaces =
        CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
    add(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 4);
    load(offsetof(seccomp_data, args[0]));
    add(BPF_JMP | BPF_JSET | BPF_K, kNamespaces, 0, 1);
    answer(SECCOMP_RET_ERRNO | EPERM);
    answer(SECCOMP_RET_ALLOW);
  }
  void refuse_sockets() {
    constexpr unsigned kFamilies[] = {AF_UNIX, AF_INET, AF_INET6};
    add(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 8);
    load(offsetof(seccomp_data, args[0]));
    for (const unsigned family : kFamilies) when(family, SECCOMP_RET_ALLOW);
    answer(SECCOMP_RET_ERRNO | EAFNOSUPPORT);
  }

  std::vector<sock_filter> code_;
};

}  // namespace

bool filter_system_calls() {
  return Filter().install();
}

}  // namespace slipway::process
