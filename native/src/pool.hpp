// Threads of our own: started on first use, shared by all callers, asleep when there is nothing to do.
#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

namespace pixelprep {

class Pool {
public:
    // Calls task(0), ..., task(count - 1), each once, on the calling thread and at most `threads` - 1 helpers, fewer
    // where other calls already keep the cores busy. The first exception is rethrown here when all have stopped.
    void run(int count, int threads, const std::function<void(int)>& task);

private:
    struct Batch;
    void start_workers(int wanted);
    void work();

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::shared_ptr<Batch>> queue_;  // batches that still want helpers
    int workers_ = 0;
    std::atomic<int> callers_{0};
};

// Threads a call uses when it does not say: set_num_threads, else PIXELPREP_NUM_THREADS, else `cores()`.
int num_threads();
void set_num_threads(int threads);  // 0 returns to the default

}  // namespace pixelprep
