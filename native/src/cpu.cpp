// Which kernels this machine runs.
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#if defined(_MSC_VER) && defined(_M_X64)
#include <immintrin.h>
#include <intrin.h>
#endif

#include "job.hpp"

namespace pixelprep {
namespace {

struct Features {
    bool avx2 = false, avx512 = false;
};

#if defined(_MSC_VER) && defined(_M_X64)
Features probe() {
    int leaf1[4], leaf7[4];
    __cpuidex(leaf1, 1, 0);
    __cpuidex(leaf7, 7, 0);
    const bool saves = (leaf1[2] >> 27 & 1) != 0;
    const unsigned long long state = saves ? _xgetbv(0) : 0;
    const bool fma = (leaf1[2] >> 12 & 1) != 0, f16c = (leaf1[2] >> 29 & 1) != 0;
    Features found;
    found.avx2 = (state & 0x6) == 0x6 && fma && f16c && (leaf7[1] >> 5 & 1) != 0;
    const bool bits = (leaf7[1] >> 16 & 1) && (leaf7[1] >> 30 & 1) && (leaf7[1] >> 31 & 1) && (leaf7[2] >> 11 & 1);
    found.avx512 = found.avx2 && (state & 0xe6) == 0xe6 && bits;
    return found;
}
#elif defined(__x86_64__) || defined(__i386__)
Features probe() {
    __builtin_cpu_init();
    Features found;
    found.avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    found.avx512 = found.avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                   __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
    return found;
}
#else
Features probe() { return {}; }
#endif

const Kernels* find(const std::string& name) {
    static const Features features = probe();
    if (name == "scalar") return &scalar_kernels();
    if (name == "avx2") return features.avx2 ? avx2_kernels() : nullptr;
    if (name == "avx512") return features.avx512 ? avx512_kernels() : nullptr;
    throw std::invalid_argument("instruction set '" + name + "' is unknown; allowed: scalar, avx2, avx512");
}

}  // namespace

const Kernels& kernels_named(const char* name) {
    if (const Kernels* found = find(name)) return *found;
    throw std::invalid_argument("instruction set '" + std::string(name) +
                                "' is not available on this machine or in this build; 'scalar' always is");
}

const Kernels& kernels() {
    static const Kernels& chosen = []() -> const Kernels& {
        const char* forced = std::getenv("PIXELPREP_NATIVE_ISA");
        if (forced && *forced) return kernels_named(forced);
        for (const char* name : {"avx512", "avx2"})
            if (const Kernels* found = find(name)) return *found;
        return scalar_kernels();
    }();
    return chosen;
}

}  // namespace pixelprep
