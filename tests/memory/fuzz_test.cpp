// SPDX-License-Identifier: MIT
//
// Random operations against plain models: of the extent heap, and of the pool on a device that holds every call against the
// contract and fails some. About a second in an ordinary run. With ORFEAS_TEST_LONG=1 100 million operations (10 million
// under ThreadSanitizer) with a line of progress for each percent; a larger number is how many. What fails prints the
// ORFEAS_TEST_SEED that shows it at once.
#include "memory/plain_heap.hpp"
#include "memory/random.hpp"
#include "support/catch.hpp"
#include "support/pools.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/extent_heap.hpp>
#include <orfeas/memory/null_vmm.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <vector>

using namespace orfeas::literals;
using orfeas::memory::extent;
using orfeas::memory::extent_heap;
using orfeas::memory::extent_owner;
using orfeas::memory::null_vmm;
using orfeas::memory::null_vmm_options;
using orfeas::memory::ordered_extent_heap;
using orfeas::memory::search_effort;
using orfeas::memory::stream_ref;
using orfeas_test::plain_heap;

namespace {

#if defined(__SANITIZE_THREAD__)
#    define ORFEAS_FUZZ_UNDER_TSAN 1
#elif defined(__has_feature)
#    if __has_feature(thread_sanitizer)
#        define ORFEAS_FUZZ_UNDER_TSAN 1
#    endif
#endif
#if defined(ORFEAS_FUZZ_UNDER_TSAN)
constexpr std::uint64_t long_run = 10'000'000;
#else
constexpr std::uint64_t long_run = 100'000'000;
#endif

/// Runs `round(seed)`, which answers how many operations it made, until there are enough.
template<class Round>
void run_rounds(char const* name, std::uint64_t operations, Round round) {
    char const* const asked = std::getenv("ORFEAS_TEST_LONG");
    auto const number = asked == nullptr ? 0 : std::strtoull(asked, nullptr, 10);
    bool const told = number != 0;
    operations = number > 1 ? number : told ? long_run : operations;
    auto seed = orfeas_test::test_seed();
    std::uint64_t done = 0;
    for (std::uint64_t percent = 0; done < operations; ++seed) {
        INFO("ORFEAS_TEST_SEED=" << seed);
        done += round(seed);
        for (; told && percent < 100 * done / operations; ++percent) {
            std::printf("%s: %llu of %llu operations, seed %llu\n", name, static_cast<unsigned long long>(done),
                        static_cast<unsigned long long>(operations), static_cast<unsigned long long>(seed));
            std::fflush(stdout);
            percent = std::min<std::uint64_t>(100 * done / operations, 100) - 1;
        }
    }
    SUCCEED();
}

/// A check that costs nothing while it holds.
void demand(bool holds, char const* what) {
    if (!holds) {
        FAIL(what);
    }
}

constexpr auto unit = extent_heap::unit_bytes;

template<class Heap>
class heap_fuzz {
  public:
    explicit heap_fuzz(std::uint64_t seed) : random_{seed} {
        auto const near_the_end = random_() % 4 == 0; // epochs wrap around
        epoch_ = near_the_end ? 0xffff'fff0U : 1;
        largest_ = unit << (random_() % 10);
        growing_ = 45 + random_() % 10;
        add_region();
    }

    std::uint64_t run() {
        constexpr int steps = 2000;
        for (int step = 0; step < steps; ++step) {
            operate(random_() % 100);
            if (step % 32 == 0) {
                compare();
            }
        }
        compare();
        return steps;
    }

  private:
    struct allocation {
        std::uint32_t node;
        std::uint64_t address;
    };

    void operate(std::uint64_t dice) {
        if (dice < 84) {
            if (live_.empty() || random_() % 100 < growing_) {
                allocate();
            } else {
                deallocate();
            }
        } else if (dice < 88) {
            transfer();
        } else if (dice < 92) {
            supply();
        } else if (dice < 96) {
            withdraw();
        } else if (dice < 98) {
            region();
        } else if (dice == 98) {
            take_whole();
        } else if (owners_ < 5) {
            demand(heap_.add_owner() == ++owners_, "owners are numbered from 1 on");
        }
    }

    unsigned owner() { return static_cast<unsigned>(random_() % (owners_ + 1U)); }

    void allocate() {
        auto const bytes = random_() % 16 == 0 ? 0 : orfeas_test::log_uniform(random_, largest_);
        auto const alignment = random_() % 4 == 0 ? std::uint64_t{1} << (random_() % 17) : 1;
        auto const effort = random_() % 2 == 0 ? search_effort::bounded : search_effort::exhaustive;
        auto const from = owner();
        auto const found = heap_.allocate_from(static_cast<extent_owner>(from), bytes, alignment, effort);
        auto const size = extent_heap::rounded(bytes);
        if (!found) {
            refused(size, std::max(alignment, unit), effort, from);
            return;
        }
        demand(found->bytes == size, "an extent has the size that was asked for");
        demand(found->address % std::max(alignment, unit) == 0, "an extent is aligned");
        demand(plain_.is_free(found->address, size, from), "what is handed out was free for the owner");
        plain_.insert(found->address, size);
        live_.push_back({found->node, found->address});
    }

    void refused(std::uint64_t size, std::uint64_t alignment, search_effort effort, unsigned from) {
        if (effort == search_effort::exhaustive) {
            demand(!plain_.has_place(size, alignment, from), "an exhaustive search finds a place if there is one");
        } else if (alignment == unit) {
            using orfeas::memory::detail::size_bins;
            auto const largest = static_cast<std::uint32_t>(plain_.largest_gap(from) / unit);
            auto const asked = static_cast<std::uint32_t>(size / unit);
            demand(largest < asked || (size_bins::of(largest) == size_bins::of(asked) && !size_bins::exact(asked)),
                   "a bounded search may miss places of the request's own size class alone");
        }
    }

    void deallocate() {
        auto const i = random_() % live_.size();
        auto const to = owner();
        auto const epoch = to == 0 ? 0 : epoch_ - static_cast<std::uint32_t>(random_() % 3);
        heap_.deallocate_for(static_cast<extent_owner>(to), epoch, live_[i].node);
        plain_.erase(live_[i].address, to, epoch);
        live_[i] = live_.back();
        live_.pop_back();
        epoch_ += random_() % 8 == 0 ? 1U : 0U;
    }

    void transfer() {
        if (owners_ == 0) {
            return;
        }
        auto const from = 1 + static_cast<unsigned>(random_() % owners_);
        auto const to = owner();
        if (from == to) {
            return;
        }
        auto const until = epoch_ - static_cast<std::uint32_t>(random_() % 6);
        auto const moved = to == 0 && random_() % 2 == 0 ? heap_.settle(static_cast<extent_owner>(from), until)
                                                         : heap_.transfer(static_cast<extent_owner>(from), until,
                                                                          static_cast<extent_owner>(to), epoch_);
        demand(moved == plain_.transfer(from, until, to, epoch_),
               "what was freed up to an epoch is given, and no more");
    }

    /// A part of a run, in whole units.
    std::pair<std::uint64_t, std::uint64_t> part_of(std::uint64_t address, std::uint64_t bytes) {
        auto const units = bytes / unit;
        auto const first = random_() % 3 == 0 ? 0 : random_() % units;
        auto const count = random_() % 3 == 0 ? units - first : 1 + random_() % (units - first);
        return {address + first * unit, count * unit};
    }

    void supply() {
        auto const* const run = plain_.pick(plain_heap::state::absent, random_());
        if (run == nullptr) {
            return;
        }
        auto const [at, bytes] = part_of(run->first, run->second.bytes);
        if (random_() % 12 == 0) {
            heap_.withhold(region_of(at), at, std::min(bytes, 4 * unit));
            plain_.insert(at, std::min(bytes, 4 * unit));
        } else {
            heap_.supply(region_of(at), at, bytes);
            plain_.supply(at, bytes);
        }
    }

    void withdraw() {
        auto const* const run = plain_.pick(plain_heap::state::free, random_());
        if (run == nullptr) {
            return;
        }
        auto const [at, bytes] = part_of(run->first, run->second.bytes);
        heap_.withdraw(node_of(run->first), at, bytes);
        plain_.withdraw(at, bytes);
    }

    void take_whole() {
        auto const* const run = plain_.pick(plain_heap::state::free, random_());
        if (run == nullptr) {
            return;
        }
        auto const found = heap_.take_whole(node_of(run->first));
        demand(found.address == run->first && found.bytes == run->second.bytes, "a free extent is taken as a whole");
        live_.push_back({found.node, found.address});
        plain_.insert(found.address, found.bytes);
    }

    void region() {
        if (regions_.size() < 2 || random_() % 8 == 0) {
            if (regions_.size() < 6) {
                add_region();
            }
            return;
        }
        auto each = regions_.begin();
        std::advance(each, static_cast<std::ptrdiff_t>(random_() % regions_.size()));
        auto const [base, id] = *each;
        demand(heap_.unused_region(id) == plain_.is_whole(base, plain_heap::state::free),
               "a region is unused when all of it is free for everyone");
        if (plain_.is_whole(base, plain_heap::state::withdrawn)) {
            if (random_() % 2 == 0) {
                heap_.restore_region(id);
                plain_.set_whole(base, plain_heap::state::free);
            } else {
                heap_.remove_region(id);
                plain_.remove_region(base);
                regions_.erase(each);
            }
        } else {
            auto const whole = plain_.is_whole(base, plain_heap::state::free);
            demand(heap_.withdraw_region(id) == whole, "an unused region can be withdrawn, and no other");
            if (whole) {
                plain_.set_whole(base, plain_heap::state::withdrawn);
            }
        }
    }

    void add_region() {
        auto const base = unit * (1 + ++made_ * 100'000 + random_() % 1000); // no two of them meet
        auto const bytes = unit * (1 + random_() % 3000);
        bool const absent = random_() % 2 == 0;
        regions_[base] = absent ? heap_.add_absent_region(base, bytes) : heap_.add_region(base, bytes);
        plain_.add_region(base, bytes, absent ? plain_heap::state::absent : plain_heap::state::free);
    }

    std::uint32_t region_of(std::uint64_t address) const { return std::prev(regions_.upper_bound(address))->second; }

    std::uint32_t node_of(std::uint64_t address) const {
        std::uint32_t node = 0;
        heap_.for_each_free(1, [&](extent const& e) { node = e.address == address ? e.node : node; });
        demand(node != 0, "what is free can be seen");
        return node;
    }

    void compare() const {
        auto const wrong = plain_.difference(heap_);
        if (!wrong.empty()) {
            FAIL("the model has it otherwise: " << wrong);
        }
        demand(heap_.free_bytes() == plain_.free_bytes(), "free bytes");
        demand(heap_.largest_free_bytes() == plain_.largest_gap(), "the largest free extent");
        demand(heap_.consistent(), "the bookkeeping is consistent");
    }

    std::mt19937_64 random_;
    Heap heap_;
    plain_heap plain_;
    std::vector<allocation> live_;
    std::map<std::uint64_t, std::uint32_t> regions_; // numbers by base
    std::uint64_t made_ = 0;
    std::uint64_t largest_ = 0;
    std::uint64_t growing_ = 0;
    std::uint32_t epoch_ = 0;
    extent_owner owners_ = 0;
};

/// The pool on a device whose streams finish when they are told to. The model knows what is live, by address.
class pool_fuzz {
  public:
    explicit pool_fuzz(std::uint64_t seed)
        : random_{seed},
          device_{null_vmm_options{.capacity_bytes = (8 + random_() % 40) * 1_MiB,
                                   .granule_bytes = random_() % 8 == 0 ? 0 : 2_MiB,
                                   .manual_streams = true}},
          growing_{48 + random_() % 8},
          largest_{64_KiB << (random_() % 8)},
          failing_{random_() % 2 == 0} {}

    std::uint64_t run() {
        constexpr int steps = 1000;
        {
            auto const limit = random_() % 4 == 0 ? (2 + random_() % 20) * 1_MiB : 0; // 0: all of the device
            orfeas::memory::pool pool{device_, {.limit_bytes = limit, .segment_bytes = 2_MiB << (random_() % 3)}};
            for (int step = 0; step < steps; ++step) {
                operate(pool, random_() % 1000);
                if (step % 16 == 0) {
                    compare(pool);
                }
            }
            finish(pool);
        }
        expect_nothing(device_.violations(), "the contract was broken");
        expect_nothing(device_.leaks(), "something leaked");
        return steps;
    }

  private:
    static constexpr std::size_t streams = 5;
    static constexpr std::size_t nobody = streams; // in no order

    struct allocation {
        std::uint64_t address;
        std::size_t bytes;
        std::size_t alignment;
        std::size_t stream;
    };

    stream_ref stream(std::size_t i) { return stream_ref{&names_[i]}; }

    template<class Pool>
    void operate(Pool& pool, std::uint64_t dice) {
        if (dice < 950) {
            if (live_.empty() || random_() % 100 < growing_) {
                allocate(pool);
            } else {
                deallocate(pool, random_() % live_.size());
            }
        } else if (dice < 970) {
            device_.complete(stream(random_() % streams));
        } else if (dice < 978) {
            auto const before = pool.profile().reserved_bytes;
            auto const report = pool.cleanup();
            demand(report.reserved_before_bytes == before, "a cleanup says what was reserved");
            demand(report.reserved_after_bytes == before - report.freed_bytes, "and what is left");
            demand(report.success || injected_, "a cleanup fails only if the device does");
        } else if (dice < 986) {
            static_cast<void>(pool.prepare(orfeas_test::log_uniform(random_, 16_MiB)));
        } else if (dice < 990) {
            pool.forget_stream(stream(random_() % streams));
        } else if (failing_) {
            injected_ = random_() % 3 != 0;
            auto const count = injected_ ? 1 + random_() % 3 : 0;
            may_lose_ = may_lose_ || count > 1;
            device_.fail(1 + random_() % 20, count,
                         random_() % 2 == 0 ? orfeas::memory::error::call_failed
                                            : orfeas::memory::error::out_of_memory);
        }
    }

    template<class Pool>
    void allocate(Pool& pool) {
        auto const bytes =
            static_cast<std::size_t>(random_() % 32 == 0 ? 0 : orfeas_test::log_uniform(random_, largest_));
        auto const alignment = random_() % 8 == 0 ? std::size_t{1} << (random_() % 22) : 16;
        bool const exportable = random_() % 32 == 0;
        auto const on = random_() % (streams + 1);
        void* const p = on == nobody ? pool.try_allocate(bytes, alignment, {.exportable = exportable})
                                     : pool.try_allocate(stream(on), bytes, alignment, {.exportable = exportable});
        auto const size = extent_heap::rounded(bytes);
        if (p == nullptr) {
            ++refusals_;
            refused(pool.profile(), size, alignment, exportable);
            return;
        }
        auto const address = reinterpret_cast<std::uint64_t>(p);
        demand(address % std::max<std::uint64_t>(alignment, unit) == 0, "an allocation is aligned");
        demand(plain_.is_free(address, size), "an allocation lies beside all others");
        demand(on == nobody ? device_.touch(p, size) : device_.touch(p, size, stream(on)),
               "an allocation can be used by its stream");
        plain_.insert(address, size);
        live_.push_back({address, bytes, alignment, on});
        allocated_ += size;
        requested_ += bytes;
    }

    /// Where memory can be mapped, a request is refused only if whole free granules and new ones do not make it up.
    void refused(orfeas::memory::memory_profile const& now, std::uint64_t size, std::size_t alignment,
                 bool exportable) {
        auto const granule = device_.granule_bytes();
        if (injected_ || exportable || granule == 0) {
            return;
        }
        auto const padded = size + (alignment > unit ? alignment - unit : 0);
        auto const needed = (padded + granule - 1) / granule * granule + now.total_bytes % granule;
        demand(now.free_bytes - now.stranded_bytes < needed, "a request that can be made up is served");
    }

    template<class Pool>
    void deallocate(Pool& pool, std::size_t i) {
        auto const each = live_[i];
        live_[i] = live_.back();
        live_.pop_back();
        auto* const p = reinterpret_cast<void*>(each.address);
        plain_.erase(each.address);
        allocated_ -= extent_heap::rounded(each.bytes);
        requested_ -= each.bytes;
        auto const way = random_() % 16;
        if (each.stream == nobody) {
            pool.deallocate(p, each.bytes, each.alignment);
        } else if (way == 0 && !injected_) { // on another stream, whose work comes after
            auto const other = stream(random_() % streams);
            auto const f = device_.record(stream(each.stream));
            device_.make_wait(other, f);
            device_.forget(f);
            pool.deallocate(other, p, each.bytes, each.alignment);
        } else if (way == 1) {
            device_.complete_all();
            pool.deallocate(p, each.bytes, each.alignment);
        } else {
            pool.deallocate(stream(each.stream), p, each.bytes, each.alignment);
        }
    }

    template<class Pool>
    void compare(Pool const& pool) const {
        auto const now = pool.profile();
        demand(now.allocated_bytes == allocated_, "allocated bytes");
        demand(now.requested_bytes == requested_, "requested bytes");
        demand(now.allocations == live_.size(), "allocations");
        demand(now.free_bytes == now.total_bytes - allocated_, "free bytes");
        demand(now.reserved_bytes <= now.total_bytes, "the pool keeps to its limit");
        demand(now.allocated_bytes + now.pending_bytes <= now.reserved_bytes, "what is used is reserved");
        demand(now.stranded_bytes + now.pending_bytes <= now.reserved_bytes, "what is stranded is reserved");
        demand(device_.usage().used_bytes == now.reserved_bytes, "reserved is what the device gave");
    }

    template<class Pool>
    void finish(Pool& pool) {
        device_.fail(1, 0);
        injected_ = false;
        while (!live_.empty()) {
            deallocate(pool, live_.size() - 1);
        }
        compare(pool);
        pool.cleanup(); // asks for a fence of every stream
        device_.complete_all();
        pool.cleanup();
        auto const left = pool.profile();
        demand(left.reserved_bytes == 0 || (may_lose_ && left.stranded_bytes == left.reserved_bytes),
               "in the end all goes back, but for mappings of which the device refused both access and removal");
        demand(pool.profile().pending_bytes == 0, "and nothing is pending");
    }

    static void expect_nothing(std::vector<std::string> const& sentences, char const* what) {
        if (!sentences.empty()) {
            FAIL(what << ": " << sentences.front());
        }
    }

    std::mt19937_64 random_;
    null_vmm device_;
    std::uint64_t growing_;
    std::uint64_t largest_;
    bool failing_;
    bool injected_ = false; // some calls may fail
    bool may_lose_ = false; // two calls may have failed in a row
    std::array<char, streams> names_{};
    plain_heap plain_{std::map<std::uint64_t, std::uint64_t>{{0, ~std::uint64_t{0}}}};
    std::vector<allocation> live_;
    std::uint64_t allocated_ = 0;
    std::uint64_t requested_ = 0;
    std::uint64_t refusals_ = 0;
};

} // namespace

TEST_CASE("memory: fuzzing the extent heap against a plain model") {
    run_rounds("extent heap", 60'000, [](std::uint64_t seed) { return heap_fuzz<extent_heap>{seed}.run(); });
}

TEST_CASE("memory: fuzzing the ordered extent heap against a plain model") {
    run_rounds("ordered extent heap", 60'000,
               [](std::uint64_t seed) { return heap_fuzz<ordered_extent_heap>{seed}.run(); });
}

TEST_CASE("memory: fuzzing the pool against a plain model") {
    run_rounds("pool", 60'000, [](std::uint64_t seed) { return pool_fuzz{seed}.run(); });
}
