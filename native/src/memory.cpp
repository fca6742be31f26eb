#include "memory.hpp"

#include <cstdlib>
#include <new>
#ifdef _WIN32
#include <malloc.h>
#else
#include <sys/mman.h>
#endif

namespace pixelprep {
namespace {

constexpr size_t kLarge = size_t(1) << 20;
constexpr size_t kHugePage = size_t(2) << 20;
constexpr size_t kKept = size_t(384) << 20;  // a few batches, or the frames of a clip; freed blocks beyond it go back to the system

size_t capacity(size_t bytes) {
    const size_t step = bytes >= 4 * kHugePage ? kHugePage : bytes >= kLarge ? kLarge / 4 : 64;
    return (bytes + step - 1) / step * step;
}

void* system_allocate(size_t bytes) {
    const size_t alignment = bytes >= 4 * kHugePage ? kHugePage : 64;
#ifdef _WIN32
    void* block = _aligned_malloc(bytes, alignment);
    if (!block) throw std::bad_alloc();
#else
    void* block = nullptr;
    if (posix_memalign(&block, alignment, bytes) != 0) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
    if (alignment == kHugePage) madvise(block, bytes, MADV_HUGEPAGE);
#endif
#endif
    return block;
}

void system_free(void* block) noexcept {
#ifdef _WIN32
    _aligned_free(block);
#else
    std::free(block);
#endif
}

}  // namespace

void* BlockCache::allocate(size_t bytes) {
    bytes = capacity(bytes ? bytes : 1);
    if (bytes >= kLarge) {
        std::lock_guard<std::mutex> lock(mutex_);
        for (size_t i = free_.size(); i-- > 0;) {
            if (free_[i].first != bytes) continue;
            void* block = free_[i].second;
            free_.erase(free_.begin() + ptrdiff_t(i));
            held_ -= bytes;
            return block;
        }
    }
    return system_allocate(bytes);
}

void BlockCache::release(void* block, size_t bytes) noexcept {
    bytes = capacity(bytes ? bytes : 1);
    if (bytes < kLarge || bytes > kKept) return system_free(block);
    std::lock_guard<std::mutex> lock(mutex_);
    try {
        free_.emplace_back(bytes, block);
    } catch (...) {
        return system_free(block);
    }
    held_ += bytes;
    while (held_ > kKept) {
        system_free(free_.front().second);
        held_ -= free_.front().first;
        free_.erase(free_.begin());
    }
}

void BlockCache::clear() noexcept {
    std::lock_guard<std::mutex> lock(mutex_);
    for (auto& [bytes, block] : free_) system_free(block);
    free_.clear();
    held_ = 0;
}

}  // namespace pixelprep
