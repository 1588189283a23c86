#pragma once
// Where a program runs that nobody vouches for: namespaces of its own (users, processes, mounts, network, IPC, host
// name), nothing of the machine but the read-only system, one small folder that goes with it, and limits. For the
// supervisor, in the program's process before it is executed; needs no right that an ordinary account does not have.

#include "base/result.h"
#include "process/supervisor.h"

namespace slipway::process {

// What the program finds open beside the three streams: it writes its result there. Its stdin is its input.
constexpr int kResultDescriptor = 3;

// Puts the next child of this process into a user and a process namespace of its own, as the same account. To be called
// once, before Program::fork. Errors: unavailable, code NoNamespaces, where the kernel does not offer them, with what
// to do.
base::Result<void> open_namespaces();

// Confines this process, which is that child, for good; execve is to come next. Afterwards its working directory is
// /tmp, empty and its own. Gives -1, or what failed, with errno; no memory is to be counted upon then.
int enter_sandbox(const Sandbox& sandbox);
// What of enter_sandbox that was, for people: "make mounts of its own".
const char* sandbox_stage(int failed);

// Refuses the system calls that reach past namespaces and limits: kernel keyrings, memory that no limit counts, sockets
// of other families than unix and IP, further namespaces, tracing. Gives false with errno where that fails.
bool filter_system_calls();

}  // namespace slipway::process
