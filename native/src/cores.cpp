#include "cores.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

#ifdef __linux__
#include <sched.h>
#endif

namespace pixelprep {
namespace {

int affinity() {
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
    return int(std::thread::hardware_concurrency());
}

// Processors' worth of time that a control group gives, or 0 where there is no bound: a container sees all processors of
// its machine and is stopped when it uses more than its share.
double quota() {
    std::ifstream second("/sys/fs/cgroup/cpu.max");
    std::string most;
    double period = 0;
    if (second >> most >> period && most != "max" && period > 0) return std::atof(most.c_str()) / period;
    std::ifstream first("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"), every("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
    double used = 0;
    if (first >> used && every >> period && used > 0 && period > 0) return used / period;
    return 0;
}

int ask() {
    const char* text = std::getenv("OMP_NUM_THREADS");
    const int given = text ? std::atoi(text) : 0;
    if (given > 0) return std::min(given, kMostThreads);
    int found = affinity();
    if (const double share = quota(); share > 0) found = std::min(found, int(std::ceil(share)));
    return std::clamp(found, 1, kMostThreads);
}

}  // namespace

int cores() {
    static const int found = ask();
    return found;
}

}  // namespace pixelprep
