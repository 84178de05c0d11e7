// SPDX-License-Identifier: MIT
#include "memory/dies.hpp"
#include "memory/plain_heap.hpp"
#include "memory/random.hpp"
#include "support/catch.hpp"

#include <orfeas/memory/extent_heap.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <vector>

using orfeas::memory::extent;
using orfeas::memory::extent_heap;
using orfeas::memory::ordered_extent_heap;
using orfeas::memory::search_effort;
using orfeas::memory::detail::bin_bitmap;
using orfeas::memory::detail::size_bins;
using orfeas_test::plain_heap;

namespace {

constexpr auto unit = extent_heap::unit_bytes;

} // namespace

TEST_CASE("memory: size bins are ordered, cover every size and are 1/32 wide") {
    STATIC_REQUIRE(size_bins::count == 896);
    STATIC_REQUIRE(size_bins::of(0xffff'ffffU) == size_bins::count - 1);
    for (std::uint32_t size = 1; size < 64; ++size) {
        REQUIRE(size_bins::of(size) == size);
        REQUIRE(size_bins::exact(size));
    }
    std::uint32_t least = 64; // the smallest size of its bin
    for (std::uint32_t size = 64; size < 1'000'000; ++size) {
        auto const step = size_bins::of(size) - size_bins::of(size - 1);
        if (step != 0) {
            least = size;
        }
        if (step > 1 || (size - least) * 32 >= least) {
            FAIL("size " << size << " is in bin " << size_bins::of(size) << " whose least size is " << least);
        }
    }
}

TEST_CASE("memory: bin bitmap finds the neighbours that a plain list finds") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    bin_bitmap bits;
    std::vector<bool> plain(size_bins::count);
    for (int i = 0; i < 5000; ++i) {
        auto const bin = static_cast<unsigned>(random() % size_bins::count);
        if (random() % 3 == 0) {
            bits.set(bin);
            plain[bin] = true;
        } else {
            bits.clear(bin);
            plain[bin] = false;
        }
        auto const from = static_cast<unsigned>(random() % (size_bins::count + 1));
        auto const next = std::find(plain.begin() + from, plain.end(), true);
        REQUIRE(bits.first_from(from) == static_cast<unsigned>(next - plain.begin()));
        auto const last = std::find(plain.rbegin(), plain.rend(), true);
        REQUIRE(bits.last() ==
                (last == plain.rend() ? bin_bitmap::none : static_cast<unsigned>(plain.rend() - last) - 1));
        REQUIRE(bits.test(bin) == plain[bin]);
    }
}

TEST_CASE("memory: extent heap rounds, splits, merges and reuses") {
    extent_heap heap;
    heap.add_region(1 << 20, 64 * unit);
    auto const a = heap.allocate(1).value();
    auto const b = heap.allocate(unit + 1).value();
    auto const c = heap.allocate(0).value();
    CHECK(a.bytes == unit);
    CHECK(b.bytes == 2 * unit);
    CHECK(c.bytes == unit);
    CHECK(heap.used_count() == 3);
    CHECK(heap.free_bytes() == 60 * unit);
    CHECK(heap.at(b.node).address == b.address);

    heap.deallocate(b.node);
    CHECK(heap.free_count() == 2);
    CHECK(heap.allocate(2 * unit).value().address == b.address);
    CHECK(heap.largest_free_bytes() == 60 * unit);
    CHECK_FALSE(heap.allocate(61 * unit));
    CHECK(heap.allocate(60 * unit));
    CHECK(heap.free_bytes() == 0);
    CHECK(heap.largest_free_bytes() == 0);
    CHECK_FALSE(heap.allocate(1, unit, search_effort::exhaustive));
    CHECK(heap.consistent());
}

TEST_CASE("memory: extent heap refuses what no region can hold") {
    extent_heap heap;
    CHECK_FALSE(heap.allocate(1));
    CHECK_FALSE(heap.allocate(~std::uint64_t{0}));
    CHECK_FALSE(heap.allocate(extent_heap::max_bytes, extent_heap::max_alignment, search_effort::exhaustive));
    heap.add_region(0, extent_heap::max_bytes); // 2 TiB: nothing is touched
    CHECK_FALSE(heap.allocate(extent_heap::max_bytes + 1));
    auto const all = heap.allocate(extent_heap::max_bytes).value();
    CHECK(all.bytes == extent_heap::max_bytes);
    heap.deallocate(all.node);
    CHECK(heap.consistent());
}

TEST_CASE("memory: extent heap aligns addresses, not offsets") {
    extent_heap heap;
    heap.add_region(3 * unit, 4096 * unit);
    for (std::uint64_t alignment = 1; alignment <= 1024 * unit; alignment *= 2) {
        auto const e = heap.allocate(700, alignment);
        REQUIRE(e);
        CHECK(e->address % alignment == 0);
    }
    CHECK(heap.consistent());
}

TEST_CASE("memory: an aligned place that only an exhaustive search finds") {
    extent_heap heap;
    heap.add_region(0, 64 * unit);
    auto const all = heap.allocate(64 * unit).value();
    heap.deallocate(all.node);
    auto const front = heap.allocate(16 * unit).value();
    heap.allocate(16 * unit);
    heap.allocate(32 * unit);
    heap.deallocate(front.node); // one gap of exactly 16 units at an address of alignment 16
    CHECK(heap.allocate(16 * unit, 16 * unit));
    heap.deallocate(front.node);
    CHECK_FALSE(heap.allocate(8 * unit, 16 * unit)); // the padded size does not fit, though the place does
    CHECK(heap.allocate(8 * unit, 16 * unit, search_effort::exhaustive));
    CHECK(heap.consistent());
}

TEST_CASE("memory: a place behind many of the same size class is found by the exhaustive search") {
    extent_heap heap;
    constexpr std::uint64_t smaller = 1000;
    constexpr std::uint64_t larger = 1005;
    REQUIRE(size_bins::of(smaller) == size_bins::of(larger));
    heap.add_region(0, (larger + 21 * smaller + 22) * unit);
    std::vector<std::uint32_t> holes{heap.allocate(larger * unit).value().node};
    heap.allocate(unit);
    for (int i = 0; i < 21; ++i) {
        holes.push_back(heap.allocate(smaller * unit).value().node);
        heap.allocate(unit);
    }
    REQUIRE(heap.free_bytes() == 0);
    for (auto const node : holes) {
        heap.deallocate(node);
    }
    CHECK(heap.largest_free_bytes() == larger * unit);
    CHECK_FALSE(heap.allocate(larger * unit));
    CHECK(heap.allocate(larger * unit, unit, search_effort::exhaustive));
    CHECK(heap.consistent());
}

TEST_CASE("memory: regions are withdrawn whole, restored, removed, and their numbers reused") {
    extent_heap heap;
    auto const one = heap.add_region(0, 8 * unit);
    auto const two = heap.add_region(1 << 20, 8 * unit);
    auto const in_two = heap.allocate(8 * unit).value();
    REQUIRE(in_two.region == two);
    CHECK_FALSE(heap.withdraw_region(two));
    CHECK(heap.withdraw_region(one));
    CHECK_FALSE(heap.withdraw_region(one));
    CHECK(heap.free_bytes() == 0);
    CHECK_FALSE(heap.allocate(1, unit, search_effort::exhaustive));
    CHECK(heap.consistent());

    heap.restore_region(one);
    CHECK(heap.free_bytes() == 8 * unit);
    REQUIRE(heap.withdraw_region(one));
    heap.remove_region(one);
    CHECK_FALSE(heap.withdraw_region(one));
    CHECK(heap.consistent());
    CHECK(heap.add_region(2 << 20, 4 * unit) == one);
    CHECK(heap.allocate(4 * unit).value().address == 2 << 20);
    heap.deallocate(in_two.node);
    CHECK(heap.consistent());
}

TEST_CASE("memory: misuse of the extent heap is reported") {
    extent_heap heap;
    heap.add_region(0, 8 * unit);
    auto const e = heap.allocate(unit).value();
    heap.deallocate(e.node);
    CHECK_THAT(orfeas_test::last_words([&] { heap.deallocate(e.node); }), orfeas_test::contains("free an extent once"));
    CHECK_THAT(orfeas_test::last_words([&] { heap.deallocate(0); }), orfeas_test::contains("free an extent once"));
    CHECK_THAT(orfeas_test::last_words([&] { heap.deallocate(1U << 30); }),
               orfeas_test::contains("free an extent once"));
    CHECK_THAT(orfeas_test::last_words([&] { heap.allocate(1, 3); }), orfeas_test::contains("powers of two"));
    CHECK_THAT(orfeas_test::last_words([&] { heap.add_region(1, unit); }), orfeas_test::contains("whole units"));
    CHECK_THAT(orfeas_test::last_words([&] { heap.remove_region(0); }), orfeas_test::contains("withdraw"));
}

TEST_CASE("memory: extent heap agrees with a plain model over random operations") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    for (int round = 0; round < 20; ++round) {
        extent_heap heap;
        std::map<std::uint64_t, std::uint64_t> regions;
        auto const count = 1 + random() % 4;
        for (std::uint64_t i = 0; i < count; ++i) {
            auto const base = (i * 40'000 + random() % 1000) * unit;
            regions[base] = (1 + random() % 20'000) * unit;
            heap.add_region(base, regions[base]);
        }
        plain_heap plain{regions};
        std::vector<extent> live;
        auto const largest_request = orfeas_test::log_uniform(random, 8'000'000);
        auto const share_of_allocations = 40 + random() % 25;
        for (int step = 0; step < 1500; ++step) {
            if (live.empty() || random() % 100 < share_of_allocations) {
                auto const bytes = orfeas_test::log_uniform(random, largest_request);
                auto const alignment = random() % 4 == 0 ? std::uint64_t{1} << (random() % 20) : 1;
                auto const effort = random() % 2 == 0 ? search_effort::bounded : search_effort::exhaustive;
                auto const found = heap.allocate(bytes, alignment, effort);
                if (!found) {
                    if (effort == search_effort::exhaustive) {
                        REQUIRE_FALSE(plain.has_place(extent_heap::rounded(bytes), std::max(alignment, unit)));
                    } else if (alignment <= unit) { // only extents of the request's own class may be missed
                        auto const largest = static_cast<std::uint32_t>(plain.largest_gap() / unit);
                        auto const asked = static_cast<std::uint32_t>(extent_heap::rounded(bytes) / unit);
                        REQUIRE(size_bins::of(largest) <= size_bins::of(asked));
                        REQUIRE((largest < asked || !size_bins::exact(asked)));
                    }
                    continue;
                }
                REQUIRE(found->bytes == extent_heap::rounded(bytes));
                REQUIRE(found->address % std::max(alignment, unit) == 0);
                REQUIRE(plain.is_free(found->address, found->bytes));
                plain.insert(found->address, found->bytes);
                live.push_back(*found);
            } else {
                auto const i = random() % live.size();
                heap.deallocate(live[i].node);
                plain.erase(live[i].address);
                live[i] = live.back();
                live.pop_back();
            }
            if (step % 16 == 0) {
                REQUIRE(heap.free_bytes() == plain.free_bytes());
                REQUIRE(heap.largest_free_bytes() == plain.largest_gap());
                REQUIRE(heap.free_count() == plain.gap_count());
                REQUIRE(heap.used_count() == live.size());
                REQUIRE(heap.consistent());
            }
        }
        for (auto const& each : live) {
            heap.deallocate(each.node);
        }
        REQUIRE(heap.free_count() == regions.size()); // everything has merged
        REQUIRE(heap.consistent());
    }
}

TEST_CASE("memory: the ordered heap takes the lowest place that is large enough") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    constexpr std::uint64_t size = 3'000'000 * unit; // more than 700 buckets
    for (int round = 0; round < 4; ++round) {
        ordered_extent_heap heap;
        heap.add_region(0, size);
        plain_heap plain{std::map<std::uint64_t, std::uint64_t>{{0, size}}};
        std::vector<extent> live;
        for (int step = 0; step < 3000; ++step) {
            if (live.empty() || random() % 100 < 52) {
                auto const bytes = extent_heap::rounded(orfeas_test::log_uniform(random, 40'000 * unit));
                auto const found = heap.allocate(bytes);
                std::optional<std::uint64_t> lowest;
                plain.gaps([&](std::uint64_t start, std::uint64_t gap) {
                    if (!lowest && gap >= bytes) {
                        lowest = start;
                    }
                });
                REQUIRE(found.has_value() == lowest.has_value());
                if (found) {
                    REQUIRE(found->address == *lowest);
                    plain.insert(found->address, found->bytes);
                    live.push_back(*found);
                }
            } else {
                auto const i = random() % live.size();
                heap.deallocate(live[i].node);
                plain.erase(live[i].address);
                live[i] = live.back();
                live.pop_back();
            }
            if (step % 64 == 0) {
                REQUIRE(heap.consistent());
                REQUIRE(heap.largest_free_bytes() == plain.largest_gap());
            }
        }
    }
}

TEMPLATE_TEST_CASE("memory: absent addresses are handed out only while they are supplied", "", extent_heap,
                   ordered_extent_heap) {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    constexpr std::uint64_t granule = 64 * unit;
    constexpr std::uint64_t granules = 100;
    TestType heap;
    auto const region = heap.add_absent_region(granule, granules * granule);
    CHECK_FALSE(heap.allocate(1));
    std::vector<bool> present(granules);
    std::vector<extent> live;
    auto const granule_at = [&](std::uint64_t i) { return granule + i * granule; };
    for (int step = 0; step < 6000; ++step) {
        auto const dice = random() % 100;
        auto const i = random() % granules;
        if (dice < 10 && !present[i]) {
            heap.supply(region, granule_at(i), granule);
            present[i] = true;
        } else if (dice < 20) {
            std::optional<std::uint32_t> node; // of a free extent that holds all of granule i
            heap.for_each_free(granule, [&](extent const& e) {
                if (e.address <= granule_at(i) && granule_at(i) + granule <= e.address + e.bytes) {
                    node = e.node;
                }
            });
            if (node) {
                REQUIRE(present[i]);
                heap.withdraw(*node, granule_at(i), granule);
                present[i] = false;
            }
        } else if (dice < 62 || live.empty()) {
            if (auto const found = heap.allocate(orfeas_test::log_uniform(random, 3 * granule))) {
                for (auto at = found->address; at < found->address + found->bytes; at += unit) {
                    REQUIRE(present[(at - granule) / granule]);
                }
                live.push_back(*found);
            }
        } else {
            auto const victim = random() % live.size();
            heap.deallocate(live[victim].node);
            live[victim] = live.back();
            live.pop_back();
        }
        if (step % 32 == 0) {
            REQUIRE(heap.consistent());
            std::uint64_t supplied = 0;
            for (auto const each : present) {
                supplied += each ? granule : 0;
            }
            std::uint64_t used = 0;
            for (auto const& each : live) {
                used += each.bytes;
            }
            REQUIRE(heap.free_bytes() + used == supplied);
            std::uint64_t absent = 0;
            heap.for_each_gap([&](auto const& gap) { absent += gap.bytes; });
            REQUIRE(absent == granules * granule - supplied);
        }
    }
}

TEMPLATE_TEST_CASE("memory: what an owner freed is its own until it is settled", "", extent_heap, ordered_extent_heap) {
    TestType heap;
    heap.add_region(0, 100 * unit);
    auto const one = heap.add_owner().value();
    auto const two = heap.add_owner().value();
    auto const a = heap.allocate(30 * unit).value();
    auto const b = heap.allocate(30 * unit).value();
    auto const c = heap.allocate(40 * unit).value();
    heap.deallocate_for(one, 1, a.node);
    heap.deallocate_for(two, 7, b.node);
    heap.deallocate_for(one, 2, c.node);
    CHECK(heap.free_count() == 3); // neighbours of two owners do not merge
    CHECK_FALSE(heap.allocate(unit));
    CHECK_FALSE(heap.allocate_from(two, 31 * unit));
    CHECK(heap.consistent());

    CHECK(heap.settle(one, 1) == 30 * unit); // the later epoch stays the owner's
    CHECK(heap.free_count() == 3);
    CHECK(heap.transfer(two, 7, one, 3) == 30 * unit);
    CHECK(heap.free_count() == 2); // with its neighbour of owner one
    CHECK(heap.consistent());
    auto const again = heap.allocate_from(one, 70 * unit);
    REQUIRE(again);
    heap.deallocate_for(one, 3, again->node);
    CHECK(heap.settle(one, 2) == 0);
    CHECK(heap.settle(one, 3) == 70 * unit);
    auto const older = heap.allocate(10 * unit).value();
    auto const later = heap.allocate(10 * unit).value();
    heap.deallocate_for(one, 4, older.node);
    heap.deallocate_for(one, 5, later.node); // merges with what lies before it: the sum was freed in epoch 5
    CHECK(heap.settle(one, 4) == 0);
    CHECK(heap.settle(one, 5) == 20 * unit);
    CHECK(heap.free_count() == 1);
    CHECK(heap.allocate(100 * unit));
    CHECK(heap.consistent());
}

TEST_CASE("memory: epochs may wrap around") {
    extent_heap heap;
    heap.add_region(0, 4 * unit);
    auto const owner = heap.add_owner().value();
    heap.deallocate_for(owner, 0xffff'fffe, heap.allocate(unit)->node);
    CHECK(heap.settle(owner, 0xffff'fff0) == 0);
    CHECK(heap.settle(owner, 3) == unit);
    CHECK(heap.consistent());
}
