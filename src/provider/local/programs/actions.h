#pragma once
// Generic actions for documents of types without code. All work in the environment's own folder and with its own ports
// and programs; each is idempotent and adopts what an earlier call began.
//
//   local:makeFolder    Path?                         outputs Folder (the environment's), EnvironmentId
//   local:writeFile     Path, Content, Mode?          Mode is octal, 600 where not given; output File
//   local:newSecret     Name                          a random token in a file, made once; output File, not its value
//   local:readSecret    Name                          output Value; for connect documents alone
//   local:reservePort   Count?                        as many as it has in all, its own until its end; outputs Port
//   (the
//                                                     first), Ports
//   local:makeVirtualEnvironment  Requirements        path of a requirements.txt with hashes; output Python
//   local:startProcess  Program, Name?, Arguments?, Environment?, Folder?, MemoryMiB?, CpuSeconds?
//   local:waitForPort   Port, Name?                   until something listens there
//   local:waitForHttp   Port, Path?, Status?, Name?   until that is the answer
//   local:stopProcess   Name?                         that program, whose log goes too; where not given, all of them
//   local:connectionUrl Path?, Query?                 output Url of its first port; for connect documents alone
//   local:removeFolder                                folder and ports; output Removed (true)
//
// Codes of their errors: PathOutside, BadName, BadInput, DiskFull, DirectoryNotWritable, DirectoryTaken,
// DirectoryNotRemoved, NoSecret, OnlyToConnect, NoFreePort, ProgramMissing, ProgramNotStarted, ProgramDied, NoAnswer,
// PackagesUnreachable, PackagesNotInstalled.

#include "provider/local/programs/virtual_environment.h"
#include "workflow/action.h"

namespace slipway::provider::local::programs {

class Programs;

// All must outlive the registry.
void add_actions(workflow::ActionRegistry& registry, const Machine& machine, Programs& programs,
                 VirtualEnvironments& virtual_environments);

}  // namespace slipway::provider::local::programs
