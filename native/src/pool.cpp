#include "pool.hpp"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <system_error>
#include <thread>

#include "cores.hpp"

namespace pixelprep {
namespace {

std::atomic<int> chosen{0};

}  // namespace

struct Pool::Batch {
    const std::function<void(int)>* task;
    int count;
    std::atomic<int> next{0};
    int wanted = 0;   // helpers that may still join; guarded by the pool's mutex
    int helping = 0;  // helpers inside; guarded by `mutex`
    std::mutex mutex;
    std::condition_variable left;
    std::exception_ptr error;

    void drain() {
        for (int i; (i = next.fetch_add(1)) < count;) {
            try {
                (*task)(i);
            } catch (...) {
                std::lock_guard<std::mutex> lock(mutex);
                if (!error) error = std::current_exception();
                next.store(count);
            }
        }
    }
};

void Pool::run(int count, int threads, const std::function<void(int)>& task) {
    const int busy = ++callers_;
    struct Leave {
        std::atomic<int>& callers;
        ~Leave() { --callers; }
    } leave{callers_};
    // Other callers work for themselves: helpers only fill the cores that are left.
    const int helpers = std::min({threads - 1, count - 1, std::max(threads, cores()) - busy});
    if (helpers <= 0) {
        for (int i = 0; i < count; ++i) task(i);
        return;
    }
    auto batch = std::make_shared<Batch>();
    batch->task = &task;
    batch->count = count;
    batch->wanted = helpers;
    {
        std::lock_guard<std::mutex> lock(mutex_);
        start_workers(helpers);
        queue_.push_back(batch);
    }
    if (helpers == 1) wake_.notify_one(); else wake_.notify_all();
    batch->drain();
    {
        std::lock_guard<std::mutex> lock(mutex_);
        queue_.erase(std::remove(queue_.begin(), queue_.end(), batch), queue_.end());
    }
    std::unique_lock<std::mutex> lock(batch->mutex);
    batch->left.wait(lock, [&] { return batch->helping == 0; });
    if (batch->error) std::rethrow_exception(batch->error);
}

void Pool::start_workers(int wanted) {
    for (; workers_ < std::min(wanted, kMostThreads); ++workers_) {
        try {
            std::thread([this] { work(); }).detach();
        } catch (const std::system_error&) {
            return;  // no more threads to be had: the caller does the work
        }
    }
}

void Pool::work() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
        wake_.wait(lock, [&] { return !queue_.empty(); });
        std::shared_ptr<Batch> batch = queue_.front();
        if (--batch->wanted == 0) queue_.pop_front();
        {
            std::lock_guard<std::mutex> guard(batch->mutex);
            ++batch->helping;
        }
        lock.unlock();
        batch->drain();
        {
            std::lock_guard<std::mutex> guard(batch->mutex);
            --batch->helping;
        }
        batch->left.notify_one();
        lock.lock();
    }
}

int num_threads() {
    if (const int threads = chosen.load()) return threads;
    static const int initial = [] {
        const char* text = std::getenv("PIXELPREP_NUM_THREADS");
        const int asked = text ? std::atoi(text) : 0;
        return asked > 0 ? std::min(asked, kMostThreads) : cores();
    }();
    return initial;
}

void set_num_threads(int threads) { chosen.store(std::clamp(threads, 0, kMostThreads)); }

}  // namespace pixelprep
