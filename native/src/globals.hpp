// Process-wide state in one place, so that a forked child can start again with fresh locks and no threads.
#pragma once
#include <list>
#include <memory>
#include <mutex>
#include <tuple>
#include <utility>

#include "memory.hpp"
#include "pool.hpp"
#include "taps.hpp"

namespace pixelprep {

struct TapsCache {
    using Key = std::tuple<int, int, int, bool>;
    std::mutex mutex;
    std::list<std::pair<Key, std::shared_ptr<const Taps>>> entries;  // most recently used first
};

struct Globals {
    TapsCache taps;
    BlockCache blocks;
    Pool pool;
};

// The state of this process. After a fork the child gets a new one; the parent's copy is abandoned, never destroyed,
// because its locks may be held and its threads do not exist there.
Globals& globals();

}  // namespace pixelprep
