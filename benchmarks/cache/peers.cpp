// SPDX-License-Identifier: MIT
//
// The peers from other libraries, in a source of their own: their headers are dear to compile.

#include "cache/contestant.hpp"

#if defined(ORFEAS_BENCH_TBB)
#    include <oneapi/tbb/concurrent_hash_map.h>
#    include <oneapi/tbb/concurrent_lru_cache.h>
#endif
#if defined(ORFEAS_BENCH_ROCKSDB)
#    include <rocksdb/cache.h>
#endif

#include <array>
#include <cstring>
#include <stdexcept>

namespace bench {

namespace {

#if defined(ORFEAS_BENCH_TBB)

/// Loads what is missing itself.
class tbb_lru {
  public:
    explicit tbb_lru(std::size_t capacity) : capacity_{capacity}, cache_{&load, capacity} {}

    std::optional<std::uint64_t> get(std::uint64_t key) {
        loaded = false;
        auto const handle = cache_[key];
        return loaded ? std::nullopt : std::optional{const_cast<cache::handle&>(handle).value()};
    }
    void put(std::uint64_t key, std::uint64_t /*value*/) { cache_[key]; }
    std::size_t size() const { return capacity_; } // it does not say

  private:
    using cache = oneapi::tbb::concurrent_lru_cache<std::uint64_t, std::uint64_t, std::uint64_t (*)(std::uint64_t)>;

    static std::uint64_t load(std::uint64_t key) {
        loaded = true;
        return key;
    }

    static inline thread_local bool loaded = false;
    std::size_t capacity_;
    cache cache_;
};

/// Not a cache: nothing leaves it.
class tbb_map {
  public:
    explicit tbb_map(std::size_t capacity) : map_{capacity} {}

    std::optional<std::uint64_t> get(std::uint64_t key) {
        map::const_accessor found;
        return map_.find(found, key) ? std::optional{found->second} : std::nullopt;
    }
    void put(std::uint64_t key, std::uint64_t value) { map_.insert({key, value}); }
    std::size_t size() const { return map_.size(); }

  private:
    using map = oneapi::tbb::concurrent_hash_map<std::uint64_t, std::uint64_t>;

    map map_;
};

#endif

#if defined(ORFEAS_BENCH_ROCKSDB)

/// Its keys have 16 bytes, as the clock cache demands, and its values lie on the heap.
class rocksdb_cache {
  public:
    explicit rocksdb_cache(std::shared_ptr<rocksdb::Cache> cache) : cache_{std::move(cache)} {}

    std::optional<std::uint64_t> get(std::uint64_t key) {
        auto const bytes = bytes_of(key);
        auto* const handle = cache_->Lookup({bytes.data(), bytes.size()});
        if (handle == nullptr) {
            return std::nullopt;
        }
        auto const value = *static_cast<std::uint64_t const*>(cache_->Value(handle));
        cache_->Release(handle);
        return value;
    }

    void put(std::uint64_t key, std::uint64_t value) {
        auto const bytes = bytes_of(key);
        auto const stored =
            cache_->Insert({bytes.data(), bytes.size()}, new std::uint64_t{value}, 1,
                           [](rocksdb::Slice const&, void* p) { delete static_cast<std::uint64_t*>(p); });
        if (!stored.ok()) {
            throw std::runtime_error{"RocksDB's cache refused an entry: " + stored.ToString()};
        }
    }

    std::size_t size() const { return cache_->GetUsage(); } // a charge of one for each

  private:
    static std::array<char, 16> bytes_of(std::uint64_t key) {
        std::array<char, 16> bytes{};
        std::memcpy(bytes.data(), &key, sizeof key);
        std::memcpy(bytes.data() + sizeof key, &key, sizeof key);
        return bytes;
    }

    std::shared_ptr<rocksdb::Cache> cache_;
};

// Capacities in entries: the caches must not charge their own memory on top.
constexpr auto entries_alone = rocksdb::CacheMetadataChargePolicy::kDontChargeCacheMetadata;

std::shared_ptr<rocksdb::Cache> rocksdb_lru(std::size_t capacity) {
    rocksdb::LRUCacheOptions options;
    options.capacity = capacity;
    options.num_shard_bits = 6;
    options.metadata_charge_policy = entries_alone;
    return rocksdb::NewLRUCache(options);
}

std::shared_ptr<rocksdb::Cache> rocksdb_clock(std::size_t capacity) {
    rocksdb::HyperClockCacheOptions options{capacity, 1};
    options.metadata_charge_policy = entries_alone;
    return options.MakeSharedCache();
}

#endif

} // namespace

std::vector<contestant_maker> installed_peers() {
    std::vector<contestant_maker> found;
#if defined(ORFEAS_BENCH_ROCKSDB)
    found.push_back({hyper_clock, [](std::size_t capacity) {
                         return enter(hyper_clock, std::make_shared<rocksdb_cache>(rocksdb_clock(capacity)));
                     }});
    found.push_back({"RocksDB LRUCache", [](std::size_t capacity) {
                         return enter("RocksDB LRUCache", std::make_shared<rocksdb_cache>(rocksdb_lru(capacity)));
                     }});
#endif
#if defined(ORFEAS_BENCH_TBB)
    found.push_back({"oneTBB concurrent_lru_cache", [](std::size_t capacity) {
                         return enter("oneTBB concurrent_lru_cache", std::make_shared<tbb_lru>(capacity));
                     }});
    found.push_back({tbb_hash_map,
                     [](std::size_t capacity) { return enter(tbb_hash_map, std::make_shared<tbb_map>(capacity)); },
                     false});
#endif
    return found;
}

} // namespace bench
