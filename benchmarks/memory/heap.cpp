// SPDX-License-Identifier: MIT

#include "memory/heap.hpp"

#include "support/cpu_timer.hpp"

#include <orfeas/memory/extent_heap.hpp>
#include <orfeas/memory/host_vmm.hpp>
#include <orfeas/memory/null_vmm.hpp>
#include <orfeas/memory/pool.hpp>

#include <boost/container/pmr/unsynchronized_pool_resource.hpp>

#include <dlfcn.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <random>
#include <string>
#include <vector>

namespace bench {

namespace {

using orfeas::memory::extent_heap;

constexpr std::size_t mask = (1U << 16) - 1;

/// Sizes drawn log-uniformly, and which of the live allocations to replace.
struct workload {
    workload(double least, double most, std::size_t live_count) : live{live_count}, sizes(mask + 1), victims(mask + 1) {
        std::mt19937_64 random{1};
        std::uniform_real_distribution<double> logarithm{std::log(least), std::log(most)};
        for (auto& each : sizes) {
            each = static_cast<std::uint32_t>(std::exp(logarithm(random)));
        }
        for (auto& each : victims) {
            each = static_cast<std::uint16_t>(random() % live);
        }
    }

    /// Room for the live allocations with 30 % to spare.
    std::uint64_t arena_bytes() const {
        std::uint64_t sum = 0;
        for (auto const each : sizes) {
            sum += extent_heap::rounded(each);
        }
        auto const peak = sum / sizes.size() * live;
        return extent_heap::rounded(static_cast<std::uint64_t>(static_cast<double>(peak) * 1.3 / 0.70));
    }

    std::size_t live;
    std::vector<std::uint32_t> sizes; // small, as all that the loop reads itself displaces what the allocator reads
    std::vector<std::uint16_t> victims;
};

/// Replaces live allocations at random, for `operations` allocations and deallocations together. `Handle` names one of
/// them; take(bytes) and give(handle, bytes) are the allocator's.
template<class Handle, class Take, class Give>
class churn {
  public:
    churn(workload const& work, Take take, Give give) : work_{work}, take_{std::move(take)}, give_{std::move(give)} {
        for (std::size_t i = 0; i < work.live; ++i) {
            live_.push_back({take_(work.sizes[i & mask]), work.sizes[i & mask]});
        }
    }
    ~churn() {
        for (auto const& each : live_) {
            give_(each.handle, each.bytes);
        }
    }
    churn(churn const&) = delete;
    churn& operator=(churn const&) = delete;

    void operator()(std::size_t operations) {
        for (std::size_t i = 0; i < operations / 2; ++i, ++at_) {
            auto& each = live_[work_.victims[at_ & mask]];
            give_(each.handle, each.bytes);
            each = {take_(work_.sizes[at_ & mask]), work_.sizes[at_ & mask]};
        }
    }

  private:
    struct one {
        Handle handle;
        std::uint32_t bytes;
    };

    workload const& work_;
    Take take_;
    Give give_;
    std::vector<one> live_;
    std::size_t at_ = 0;
};

template<class Handle, class Take, class Give>
contender contend(std::string name, workload const& work, std::size_t operations, Take take, Give give) {
    auto const loop = std::make_shared<churn<Handle, Take, Give>>(work, std::move(take), std::move(give));
    return {std::move(name), static_cast<double>(operations), [loop, operations] { (*loop)(operations); }};
}

contender heap_contender(workload const& work, std::size_t operations) {
    auto const heap = std::make_shared<extent_heap>();
    heap->add_region(0, work.arena_bytes());
    return contend<std::uint32_t>(
        "extent heap", work, operations,
        [heap](std::uint64_t bytes) {
            auto const found = heap->allocate(bytes);
            return found ? found->node : heap->allocate(1).value().node;
        },
        [heap](std::uint32_t node, std::uint64_t) { heap->deallocate(node); });
}

contender pool_contender(workload const& work, std::size_t operations) {
    using null_pool = orfeas::memory::basic_pool<orfeas::memory::null_vmm>;
    auto const pool =
        std::make_shared<null_pool>(orfeas::memory::null_vmm{orfeas::memory::null_vmm_options{.checking = false}});
    return contend<void*>(
        "pool", work, operations, [pool](std::uint64_t bytes) { return pool->allocate(bytes); },
        [pool](void* p, std::uint64_t bytes) { pool->deallocate(p, bytes); });
}

/// An allocator of a shared library, or none when it is not installed. Opened for itself, so that it does not become the
/// program's own malloc.
std::vector<contender> library_contender(char const* name, char const* file, char const* take, char const* give,
                                         workload const& work, std::size_t operations) {
    void* const library = ::dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        return {};
    }
    auto const allocate = reinterpret_cast<void* (*)(std::size_t)>(::dlsym(library, take));
    auto const release = reinterpret_cast<void (*)(void*)>(::dlsym(library, give));
    if (allocate == nullptr || release == nullptr) {
        return {};
    }
    return {contend<void*>(
        name, work, operations, [allocate](std::uint64_t bytes) { return allocate(bytes); },
        [release](void* p, std::uint64_t) { release(p); })};
}

template<class Resource>
contender resource_contender(char const* name, workload const& work, std::size_t operations) {
    auto const resource = std::make_shared<Resource>();
    return contend<void*>(
        name, work, operations, [resource](std::uint64_t bytes) { return resource->allocate(bytes); },
        [resource](void* p, std::uint64_t bytes) { resource->deallocate(p, bytes); });
}

struct sizes {
    std::size_t operations;
    int rounds;
};

void measure_small(report& to, sizes const& s) {
    workload const work{256, 65536, 1000};
    std::vector<contender> all{heap_contender(work, s.operations)};
    auto const add = [&all](std::vector<contender> more) {
        all.insert(all.end(), more.begin(), more.end());
        return !more.empty();
    };
    bool const mimalloc =
        add(library_contender("mimalloc", "libmimalloc.so.2", "mi_malloc", "mi_free", work, s.operations)) ||
        add(library_contender("mimalloc", "libmimalloc.so", "mi_malloc", "mi_free", work, s.operations));
    bool const jemalloc = add(library_contender("jemalloc", "libjemalloc.so.2", "malloc", "free", work, s.operations));
    all.push_back(resource_contender<std::pmr::unsynchronized_pool_resource>("std::pmr", work, s.operations));
    all.push_back(
        resource_contender<boost::container::pmr::unsynchronized_pool_resource>("Boost.Container", work, s.operations));
    auto const times = race(all, s.rounds);
    result made{.bench = "memory", .name = "extent heap, 256 B-64 KiB, 1k live", .unit = "ns/op", .ours = times[0]};
    for (std::size_t i = 1; i < all.size(); ++i) {
        made.peers.emplace_back(all[i].name, times[i]);
    }
    if (mimalloc) {
        made.target = bar{"ratio:mimalloc", ">=", 0.5};
    }
    to.add(std::move(made));
    if (!mimalloc) {
        to.add({.bench = "memory", .name = "extent heap against mimalloc", .skipped = "mimalloc is not installed"});
    }
    if (!jemalloc) {
        to.add({.bench = "memory",
                .name = "extent heap against jemalloc",
                .skipped = "jemalloc is not installed, or cannot be opened beside the program's malloc"});
    }
}

void measure_mixed(report& to, sizes const& s) {
    workload const thousand{512, 16 << 20, 1000};
    workload const many{512, 16 << 20, 16'000};
    auto const times = race({heap_contender(thousand, s.operations), heap_contender(many, s.operations),
                             pool_contender(thousand, s.operations)},
                            s.rounds);
    to.add({.bench = "memory",
            .name = "extent heap, 512 B-16 MiB, 1k live",
            .unit = "ns/op",
            .ours = times[0],
            .target = bar{"ours", "<=", 25}});
    to.add({.bench = "memory",
            .name = "extent heap, 512 B-16 MiB, 16k live",
            .unit = "ns/op",
            .ours = times[1],
            .target = bar{"ours", "<=", 32}});
    to.add({.bench = "memory", .name = "pool, 512 B-16 MiB, 1k live", .unit = "ns/op", .ours = times[2]});
}

/// A heap with `count` holes of 1 KiB that lie between extents in use.
std::shared_ptr<extent_heap> heap_with_holes(std::size_t count) {
    auto const heap = std::make_shared<extent_heap>();
    heap->add_region(0, std::uint64_t{1} << 32);
    std::vector<std::uint32_t> every_other;
    for (std::size_t i = 0; i < count; ++i) {
        every_other.push_back(heap->allocate(1024).value().node);
        heap->allocate(1024);
    }
    std::shuffle(every_other.begin(), every_other.end(), std::mt19937_64{1});
    for (auto const each : every_other) {
        heap->deallocate(each);
    }
    return heap;
}

contender hole_contender(std::size_t holes, std::size_t operations) {
    return {std::to_string(holes), static_cast<double>(operations), [heap = heap_with_holes(holes), operations] {
                for (std::size_t i = 0; i < operations / 2; ++i) {
                    heap->deallocate(heap->allocate(1024 + 512 * (i % 2))->node);
                }
            }};
}

void measure_holes(report& to, sizes const& s) {
    auto const times = race({hole_contender(65'536, s.operations), hole_contender(1024, s.operations)}, s.rounds);
    to.add({.bench = "memory",
            .name = "extent heap, 65k holes against 1k",
            .unit = "x",
            .ours = times[0] / times[1],
            .target = bar{"ours", "<=", 1.5}});
}

#if defined(__x86_64__)
/// Cycles of single operations, at the given share of them.
void measure_tail(report& to, sizes const& s) {
    workload const work{512, 16 << 20, 1000};
    extent_heap heap;
    heap.add_region(0, work.arena_bytes());
    std::vector<std::uint32_t> live;
    for (std::size_t i = 0; i < work.live; ++i) {
        live.push_back(heap.allocate(work.sizes[i]).value().node);
    }
    std::vector<std::uint64_t> cycles;
    for (std::size_t i = 0; i < s.operations; ++i) {
        auto& each = live[work.victims[i & mask]];
        auto const begin = __builtin_ia32_rdtsc();
        heap.deallocate(each);
        auto const found = heap.allocate(work.sizes[i & mask]);
        cycles.push_back(__builtin_ia32_rdtsc() - begin);
        each = found ? found->node : heap.allocate(1).value().node;
    }
    std::sort(cycles.begin(), cycles.end());
    auto const at = [&](double share) {
        return static_cast<double>(cycles[static_cast<std::size_t>(share * static_cast<double>(cycles.size() - 1))]);
    };
    to.add({.bench = "memory",
            .name = "extent heap, p99 against p50",
            .unit = "x",
            .ours = at(0.99) / at(0.50),
            .target = bar{"ours", "<=", 3}});
}
#endif

void measure_profile(report& to, sizes const& s) {
    workload const work{512, 16 << 20, 10'000};
    using null_pool = orfeas::memory::basic_pool<orfeas::memory::null_vmm>;
    null_pool pool{orfeas::memory::null_vmm{orfeas::memory::null_vmm_options{.checking = false}}};
    std::vector<void*> live;
    for (std::size_t i = 0; i < work.live; ++i) {
        live.push_back(pool.allocate(work.sizes[i]));
    }
    for (std::size_t i = 0; i < work.live; i += 2) {
        pool.deallocate(live[i], work.sizes[i]);
    }
    std::uint64_t volatile seen = 0; // so that nothing of the profile is left out
    auto const times = race({{"profile", 100,
                              [&] {
                                  for (int i = 0; i < 100; ++i) {
                                      seen = seen + pool.profile().stranded_bytes;
                                  }
                              }}},
                            s.rounds);
    to.add({.bench = "memory",
            .name = "profile with 5k live and 5k holes",
            .unit = "ms",
            .ours = times[0] / 1e6,
            .target = bar{"ours", "<=", 0.2}});
}

} // namespace

void measure_heap(report& to) {
    auto const s = to.arguments().quick ? sizes{200'000, 11} : sizes{1'000'000, 31};
    measure_small(to, s);
    measure_mixed(to, s);
    measure_holes(to, s);
#if defined(__x86_64__)
    measure_tail(to, s);
#endif
    measure_profile(to, s);
}

} // namespace bench
