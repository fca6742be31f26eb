#include "released.hpp"

#include <atomic>
#include <chrono>
#include <thread>

namespace pixelprep {
namespace {

std::atomic<bool> ending{false};
std::atomic<int> coming{0};  // threads between the look at `ending` and the lock
std::thread::id last;        // the thread that ends the interpreter; set before `ending`

}  // namespace

Released::~Released() {
    ++coming;
    if (ending.load() && std::this_thread::get_id() != last) {
        --coming;
        for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
    }
    PyEval_RestoreThread(state_);
    --coming;
}

void interpreter_ends() {
    last = std::this_thread::get_id();
    ending.store(true);
    PyThreadState* state = PyEval_SaveThread();
    for (int wait = 0; coming.load() > 0 && wait < 2000; ++wait) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    PyEval_RestoreThread(state);
}

}  // namespace pixelprep
