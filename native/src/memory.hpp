// Memory for results.
#pragma once
#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

namespace pixelprep {

// Large blocks are kept for a while after they are freed: the page faults of fresh memory cost as much as writing it.
class BlockCache {
public:
    void* allocate(size_t bytes);  // aligned to a cache line; throws std::bad_alloc
    void release(void* block, size_t bytes) noexcept;
    void clear() noexcept;

private:
    std::mutex mutex_;
    std::vector<std::pair<size_t, void*>> free_;  // oldest first
    size_t held_ = 0;
};

}  // namespace pixelprep
