// SPDX-License-Identifier: MIT
#include "service/pool_keeper.hpp"
#include "support/catch.hpp"
#include "support/pools.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/core/manual_clock.hpp>
#include <orfeas/memory/null_vmm.hpp>

#include <chrono>
#include <cstdint>
#include <new>
#include <vector>

using namespace orfeas::literals;
using namespace std::chrono_literals;
using orfeas::memory::cleanup_reason;
using pool_type = orfeas::memory::pool;

namespace {

struct told {
    std::vector<cleanup_reason> reasons;
    std::vector<std::uint64_t> freed;

    studio::cleanup_listener listener() {
        return [this](orfeas::memory::cleanup_prediction const& why, orfeas::memory::cleanup_report const& done) {
            reasons.push_back(why.reason);
            freed.push_back(done.freed_bytes);
        };
    }
};

using keeper = studio::pool_keeper<pool_type, orfeas::manual_clock>;

/// One step that holds so much at its peak.
void step(keeper& kept, pool_type& pool, std::uint64_t bytes) {
    kept.before_step();
    void* const p = pool.allocate(bytes);
    kept.note_peak();
    pool.deallocate(p, bytes);
    kept.after_step(10ms);
}

/// A pool for whose cleanup there is no memory.
struct poor_pool : pool_type {
    using pool_type::pool_type;
    int cleanups = 0;

    orfeas::memory::cleanup_report cleanup() {
        ++cleanups;
        throw std::bad_alloc{};
    }
};

} // namespace

TEST_CASE("studio: a pool whose steps fit is left alone, however much it keeps and in how many pieces") {
    pool_type pool{orfeas::memory::null_vmm{256_MiB}};
    told heard;
    keeper kept{pool, heard.listener()};
    std::vector<void*> held;
    for (int i = 0; i < 64; ++i) {
        held.push_back(pool.allocate(1_MiB));
    }
    for (std::size_t i = 0; i < held.size(); i += 2) {
        pool.deallocate(held[i], 1_MiB);
    }
    step(kept, pool, 20_MiB);
    CHECK(pool.profile().fragmentation_ratio > 0.3); // which is a reason only where nothing is forecast
    auto const known = heard.reasons.size();
    for (int i = 0; i < 50; ++i) {
        step(kept, pool, 20_MiB);
    }
    CHECK(heard.reasons.size() == known);
}

TEST_CASE("studio: when the next step may need nearly all, what is kept is given back before it") {
    pool_type pool{orfeas::memory::null_vmm{64_MiB}};
    told heard;
    keeper kept{pool, heard.listener()};
    step(kept, pool, 64_MiB); // nothing was kept before it, and all is after
    CHECK(heard.reasons.empty());
    CHECK(pool.profile().reserved_bytes == 64_MiB);
    kept.before_step();
    REQUIRE(heard.reasons == std::vector{cleanup_reason::forecast_over_mark});
    CHECK(heard.freed == std::vector<std::uint64_t>{64_MiB});
    CHECK(pool.profile().reserved_bytes == 0);
}

TEST_CASE("studio: a cleanup that gave nothing back is not tried again until more was taken") {
    pool_type pool{orfeas::memory::null_vmm{8_MiB}};
    told heard;
    orfeas::memory::cleanup_marks marks;
    marks.least_gain = 0;
    keeper kept{pool, heard.listener(), marks};
    void* const much = pool.allocate(7_MiB + 512_KiB); // most of the last granule is free, but not to be given back
    kept.note_peak();
    kept.after_step(10ms);
    void* const rest = pool.allocate(400_KiB);
    kept.note_peak();
    kept.after_step(10ms);
    kept.before_step();
    REQUIRE(heard.freed == std::vector<std::uint64_t>{0});
    for (int i = 0; i < 5; ++i) {
        kept.before_step();
    }
    CHECK(heard.freed.size() == 1);
    pool.deallocate(rest, 400_KiB);
    pool.deallocate(much, 7_MiB + 512_KiB);
}

TEST_CASE("studio: a cleanup for which there is no memory does not stop the step") {
    poor_pool pool{orfeas::memory::null_vmm{64_MiB}};
    told heard;
    studio::pool_keeper<poor_pool, orfeas::manual_clock> kept{pool, heard.listener()};
    void* const p = pool.allocate(64_MiB);
    kept.note_peak();
    CHECK(kept.pressure() == orfeas::memory::memory_pressure::critical);
    pool.deallocate(p, 64_MiB);
    kept.after_step(10ms);
    CHECK_NOTHROW(kept.before_step());
    CHECK(pool.cleanups == 1);
    CHECK(heard.reasons.empty());
    CHECK(kept.pressure() == orfeas::memory::memory_pressure::low);
}

TEST_CASE("studio: marks out of range are refused") {
    pool_type pool{orfeas::memory::null_vmm{8_MiB}};
    orfeas::memory::cleanup_marks wrong;
    wrong.forecast_mark = 2;
    CHECK_THROWS_AS((keeper{pool, told{}.listener(), wrong}), orfeas::option_error);
}
