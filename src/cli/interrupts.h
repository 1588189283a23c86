#pragma once
// Ctrl-C, SIGTERM and SIGHUP as something a waiting command looks at, so that it can clean up. Before
// catch_interrupts() they end the program as usual. Process-wide, as signals are.

#include <chrono>

namespace slipway::cli {

// From now on they are counted. Twice is harmless.
void catch_interrupts();
// For who has something to clean up, whether or not anybody still reads. Anyone else ends with who reads.
void ignore_closed_pipes();
// How many came since the last forget_interrupts().
int interrupts();
void forget_interrupts();
// Waits, and catches interrupts from now on; false as soon as there is one.
bool pause_unless_interrupted(std::chrono::milliseconds duration);
// Becomes readable with an interrupt: for poll() beside other descriptors. Never read from it. -1 before
// catch_interrupts().
int interrupt_descriptor();

}  // namespace slipway::cli
