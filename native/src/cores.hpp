// How many processors this process may use.
#pragma once

namespace pixelprep {

constexpr int kMostThreads = 256;

// What OMP_NUM_THREADS says, as torch reads it, else the processors of the process's affinity, no more than its control
// group's share of time. Asked of the system once.
int cores();

}  // namespace pixelprep
