#include "globals.hpp"

#include <atomic>
#ifndef _WIN32
#include <pthread.h>
#endif

namespace pixelprep {
namespace {

std::atomic<Globals*> current{nullptr};

void start_afresh() { current.store(new Globals); }

}  // namespace

Globals& globals() {
    static const bool once = [] {
        start_afresh();
#ifndef _WIN32
        pthread_atfork(nullptr, nullptr, start_afresh);
#endif
        return true;
    }();
    (void)once;
    return *current.load(std::memory_order_acquire);
}

}  // namespace pixelprep
