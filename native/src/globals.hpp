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

// The most recently used values of a few keys.
template <class Key, class Value>
class Cache {
public:
    template <class Make>
    std::shared_ptr<const Value> get(const Key& key, const Make& make) {
        {
            std::lock_guard<std::mutex> lock(mutex_);
            for (auto it = entries_.begin(); it != entries_.end(); ++it) {
                if (it->first != key) continue;
                entries_.splice(entries_.begin(), entries_, it);
                return it->second;
            }
        }
        auto value = std::make_shared<const Value>(make());
        std::lock_guard<std::mutex> lock(mutex_);
        entries_.emplace_front(key, value);
        if (entries_.size() > kCapacity) entries_.pop_back();
        return value;
    }

private:
    static constexpr size_t kCapacity = 128;
    std::mutex mutex_;
    std::list<std::pair<Key, std::shared_ptr<const Value>>> entries_;
};

struct Globals {
    Cache<std::tuple<int, int, int, bool>, Taps> taps;
    Cache<std::tuple<std::shared_ptr<const Taps>, int, int>, Columns> columns;
    Cache<std::shared_ptr<const Taps>, Rows> rows;
    BlockCache blocks;
    Pool pool;
};

// The state of this process. After a fork the child gets a new one; the parent's copy is abandoned, never destroyed,
// because its locks may be held and its threads do not exist there.
Globals& globals();

}  // namespace pixelprep
