// SPDX-License-Identifier: MIT
//
// What a pool knows about its allocations and tells.
#include "memory/random.hpp"
#include "support/catch.hpp"
#include "support/pools.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/core/manual_clock.hpp>
#include <orfeas/memory/limiting_resource.hpp>
#include <orfeas/memory/null_vmm.hpp>
#include <orfeas/memory/snapshot.hpp>
#include <orfeas/memory/tracking_resource.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace orfeas::literals;
using orfeas::memory::block_state;
using orfeas::memory::event_kind;
using orfeas::memory::null_vmm;
using orfeas::memory::out_of_memory;
using orfeas::memory::stream_ref;

namespace {

using known_pool = orfeas_test::pool_on_manual_clock;

} // namespace

TEST_CASE("memory: a pool knows what each tag holds") {
    known_pool pool{null_vmm{64_MiB}};
    auto const weights = pool.tag("weights");
    CHECK(pool.tag("weights") == weights);
    void* const a = pool.allocate(4_MiB, 512, {.tag = weights});
    pool.allocate(1000, 512, {.tag = pool.tag("cache")});
    pool.allocate(10);
    pool.deallocate(a, 4_MiB);
    pool.allocate(3_MiB, 512, {.tag = weights});

    auto const tags = pool.tags();
    REQUIRE(tags.size() == 3);
    CHECK(tags[0].name == "weights");
    CHECK(tags[0].current_bytes == 3_MiB);
    CHECK(tags[0].peak_bytes == 4_MiB);
    CHECK(tags[0].allocations == 1);
    CHECK(tags[0].allocations_total == 2);
    CHECK(tags[1].name == "cache");
    CHECK(tags[1].current_bytes == 1024);
    CHECK(tags[2].name == "untagged");
}

TEST_CASE("memory: tags reach a pool through adaptors") {
    known_pool pool{null_vmm{64_MiB}};
    orfeas::memory::limiting_resource share{pool, 8_MiB};
    orfeas::memory::tracking_resource tracked{share};
    CHECK(tracked.tag("weights") == pool.tag("weights"));
    void* const p = tracked.allocate(1_MiB, 512, {.tag = tracked.tag("weights")});
    CHECK(pool.tags()[0].current_bytes == 1_MiB);
    CHECK(tracked.live_bytes() == 1_MiB);
    CHECK_THROWS_AS(tracked.allocate(8_MiB, 512, {.tag = tracked.tag("weights")}), out_of_memory);
    tracked.deallocate(p, 1_MiB, 512);
    CHECK(pool.tags()[0].current_bytes == 0);
    CHECK(share.used_bytes() == 0);
}

TEST_CASE("memory: a refusal names who holds the memory, and what is stranded") {
    known_pool pool{null_vmm{8_MiB}};
    std::vector<void*> halves;
    for (int i = 0; i < 8; ++i) {
        halves.push_back(pool.allocate(1_MiB, 512, {.tag = pool.tag(i % 2 == 0 ? "weights" : "activations")}));
    }
    for (std::size_t i = 0; i < 6; i += 2) {
        pool.deallocate(halves[i], 1_MiB);
    }
    try {
        pool.allocate(3_MiB);
        FAIL("no 3 MiB can be put together");
    } catch (out_of_memory const& e) {
        CHECK(e.report().stranded_bytes == 3_MiB);
        CHECK_THAT(e.what(), orfeas_test::contains("3 MiB stranded"));
        CHECK_THAT(e.what(), orfeas_test::contains("Most is held by activations 4 MiB, weights 1 MiB"));
    }
}

TEST_CASE("memory: a pool that keeps events knows when and where, and for how long") {
    orfeas::manual_clock clock;
    known_pool pool{null_vmm{64_MiB}, {.event_capacity = 6}, {}, clock};
    auto const site = pool.site();
    auto const before = pool.snapshot<orfeas::memory::memory_snapshot>().clock_ns;
    void* const p = pool.allocate(1000, 512, {.tag = pool.tag("tensor"), .site = site});
    clock.advance(std::chrono::milliseconds{5});
    pool.deallocate(p, 1000);

    auto const seen = pool.snapshot<orfeas::memory::memory_snapshot>("mine");
    CHECK(seen.name == "mine");
    CHECK(seen.device == "null device");
    CHECK(seen.remaps);
    REQUIRE(seen.events.size() == 3);
    CHECK(seen.events[0].kind == event_kind::reserve);
    CHECK(seen.events[0].bytes == 2_MiB);
    CHECK(seen.events[1].kind == event_kind::allocate);
    CHECK(seen.events[1].time_ns == before);
    CHECK(seen.events[1].bytes == 1024);
    CHECK(seen.events[1].related == 1000);
    CHECK(seen.events[2].kind == event_kind::deallocate);
    CHECK(seen.events[2].related == 1000);
    CHECK(seen.events[2].time_ns - seen.events[1].time_ns == 5'000'000);
    CHECK(seen.events_lost == 0);
    REQUIRE(seen.sites.size() == 1);
    CHECK_THAT(seen.sites[0].file, orfeas_test::contains("pool_knowledge_test.cpp"));
    CHECK(seen.sites[0].allocations_total == 1);
    REQUIRE(seen.tags.size() == 1);
    CHECK(seen.tags[0].byte_seconds == Approx(1024 * 0.005));

    CHECK(pool.try_allocate(1_GiB) == nullptr);
    pool.cleanup();
    pool.allocate(1);
    auto const later = pool.snapshot<orfeas::memory::memory_snapshot>();
    CHECK(later.events_lost == 3);
    REQUIRE(later.events.size() == 6);
    CHECK(later.events[0].kind == event_kind::refuse);
    CHECK(later.events[1].kind == event_kind::move); // away from its address
    CHECK(later.events[2].kind == event_kind::release);
    CHECK(later.events[3].kind == event_kind::cleanup);
    CHECK(later.events[4].kind == event_kind::reserve);
    CHECK(later.events[5].kind == event_kind::allocate);
    CHECK(pool.snapshot<orfeas::memory::memory_snapshot>("pool", false).events.empty());
}

TEST_CASE("memory: a snapshot shows all reserved memory, and what each part of it does") {
    null_vmm const device{64_MiB};
    known_pool pool{device, {.segment_bytes = 2_MiB}};
    int stream = 0;
    void* const used = pool.allocate(300_KiB);
    void* const gone = pool.allocate(400_KiB);
    void* const pending = pool.allocate(500_KiB);
    void* const plain = pool.allocate(1_MiB, 512, {.exportable = true});
    void* const small = pool.allocate(700);
    pool.deallocate(gone, 400_KiB);
    pool.deallocate(stream_ref{&stream}, pending, 500_KiB);

    auto const seen = pool.snapshot<orfeas::memory::memory_snapshot>();
    std::uint64_t reserved = 0;
    std::string found;
    for (auto const& range : seen.ranges) {
        auto at = range.address;
        for (auto const& block : range.blocks) {
            REQUIRE(block.address == at); // without gaps
            at += block.bytes;
            auto* const p = reinterpret_cast<void*>(block.address);
            found += p == used && block.state == block_state::used && block.requested_bytes == 300_KiB ? "used " : "";
            found += p == gone && block.state == block_state::free && block.bytes == 400_KiB ? "gone " : "";
            found += p == pending && block.state == block_state::pending && block.stream == 1 ? "pending " : "";
            found += p == plain && range.whole_segment && block.requested_bytes == 1_MiB ? "plain " : "";
            found += p == small && block.requested_bytes == 700 && block.bytes == 1024 ? "small " : "";
        }
        REQUIRE(at == range.address + range.bytes);
        reserved += range.bytes;
    }
    CHECK(reserved == seen.profile.reserved_bytes);
    CHECK(found.size() == std::string{"used gone pending plain small "}.size());
    CHECK(seen.profile.pending_bytes == 500_KiB);
    CHECK(seen.profile.rounding_ratio > 0);
}

TEST_CASE("memory: the events of a pool tell what is mapped where") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    known_pool pool{null_vmm{64_MiB}, {.segment_bytes = 4_MiB, .event_capacity = 100'000}};
    constexpr std::uint64_t page = 2_MiB; // of granules, and of plain segments
    std::vector<std::pair<void*, std::size_t>> live;
    std::set<std::uint64_t> mapped;
    std::uint64_t reserved = 0;
    std::size_t read = 0;
    bool moved = false;
    auto const change = [&](std::uint64_t address, std::uint64_t bytes, bool appears) {
        for (std::uint64_t at = address; address != 0 && at < address + bytes; at += page) {
            REQUIRE((appears ? mapped.insert(at).second : mapped.erase(at) == 1));
        }
    };
    auto const follow = [&](orfeas::memory::allocation_event const& event) {
        if (event.kind == event_kind::reserve || event.kind == event_kind::release) {
            bool const more = event.kind == event_kind::reserve;
            reserved += more ? event.bytes : 0 - event.bytes;
            change(event.address, event.bytes, more);
        } else if (event.kind == event_kind::move) {
            moved = moved || event.address != 0;
            change(event.related, event.bytes, false);
            change(event.address, event.bytes, true);
        }
    };
    for (int i = 0; i < 4000; ++i) {
        if (random() % 2 == 0) {
            auto const bytes = static_cast<std::size_t>(orfeas_test::log_uniform(random, 12_MiB));
            if (void* const p = pool.try_allocate(bytes, 512, {.exportable = random() % 16 == 0})) {
                live.emplace_back(p, bytes);
            }
        } else if (!live.empty()) {
            std::swap(live[random() % live.size()], live.back());
            pool.deallocate(live.back().first, live.back().second);
            live.pop_back();
        }
        if (random() % 64 == 0) {
            pool.cleanup();
        }
        if (random() % 64 == 0) {
            pool.prepare(random() % 30_MiB);
        }
        if (i % 20 != 0) {
            continue;
        }
        auto const seen = pool.snapshot<orfeas::memory::memory_snapshot>();
        REQUIRE(seen.events_lost == 0);
        for (; read < seen.events.size(); ++read) {
            follow(seen.events[read]);
        }
        std::set<std::uint64_t> there;
        for (auto const& range : seen.ranges) {
            for (std::uint64_t at = range.address; at < range.address + range.bytes; at += page) {
                there.insert(at);
            }
        }
        REQUIRE(mapped == there);
        REQUIRE(reserved == seen.profile.reserved_bytes);
    }
    CHECK(moved);
}
