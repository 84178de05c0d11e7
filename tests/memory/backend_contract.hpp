// SPDX-License-Identifier: MIT
#pragma once

#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/error.hpp>

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

/// What every backend promises, whatever lies behind it. Each function leaves the backend as it found it and needs at most
/// 32 MiB. `stores` says that memory keeps what is written to it; a device that only counts does not.
namespace orfeas_test::contract {

using orfeas::memory::backend_error;
using orfeas::memory::fence;
using orfeas::memory::physical_memory;
using orfeas::memory::stream_ref;

/// `bytes` bytes that tell their place and their writer.
inline std::vector<std::uint32_t> pattern(std::uint64_t bytes, std::uint32_t writer) {
    std::vector<std::uint32_t> words(static_cast<std::size_t>(bytes / sizeof(std::uint32_t)));
    for (std::size_t i = 0; i < words.size(); ++i) {
        words[i] = writer * 0x01000000U + static_cast<std::uint32_t>(i);
    }
    return words;
}

inline void* pointer(std::uintptr_t address) {
    return reinterpret_cast<void*>(address);
}

template<class Backend>
void write(Backend const& b, std::uintptr_t to, std::vector<std::uint32_t> const& words) {
    b.copy_in(pointer(to), words.data(), words.size() * sizeof words[0]);
}

template<class Backend>
std::vector<std::uint32_t> read(Backend const& b, std::uintptr_t from, std::uint64_t bytes) {
    std::vector<std::uint32_t> words(static_cast<std::size_t>(bytes / sizeof(std::uint32_t)));
    b.copy_out(words.data(), pointer(from), static_cast<std::size_t>(bytes));
    return words;
}

template<class Backend>
void plain_memory(Backend const& b, bool stores) {
    using namespace orfeas::literals;
    auto const before = b.info();
    CHECK(before.free_bytes <= before.total_bytes);
    void* const p = b.allocate(1_MiB);
    void* const q = b.allocate(3_MiB);
    REQUIRE(p != nullptr);
    CHECK(reinterpret_cast<std::uintptr_t>(p) % 512 == 0);
    CHECK(reinterpret_cast<std::uintptr_t>(q) % 512 == 0);
    auto const words = pattern(1_MiB, 1);
    write(b, reinterpret_cast<std::uintptr_t>(p), words);
    write(b, reinterpret_cast<std::uintptr_t>(q), pattern(3_MiB, 2));
    auto const back = read(b, reinterpret_cast<std::uintptr_t>(p), 1_MiB);
    CHECK((!stores || back == words));
    b.copy_in(nullptr, nullptr, 0);
    b.copy_out(nullptr, nullptr, 0);
    b.deallocate(q, 3_MiB);
    b.deallocate(p, 1_MiB);
    CHECK(b == Backend{b});
    b.make_current();
}

/// The same memory at several addresses, side by side in any order, and moved with what it holds.
template<class Backend>
void mapping(Backend const& b, bool stores) {
    auto const g = b.granule_bytes();
    REQUIRE(g != 0);
    REQUIRE((g & (g - 1)) == 0);
    auto const a = b.reserve_addresses(8 * g);
    CHECK(a != 0);
    CHECK(a % g == 0);
    auto const one = b.create(g);
    auto const two = b.create(2 * g);
    CHECK((one && two));
    CHECK(one != two);

    // [two two one . . one . .]
    b.map(a, 2 * g, two);
    b.map(a + 2 * g, g, one);
    b.allow_access(a, 3 * g); // one call for the run
    b.map(a + 5 * g, g, one);
    b.allow_access(a + 5 * g, g);
    auto const whole = pattern(3 * g, 1);
    write(b, a, whole);
    CHECK((!stores || read(b, a, 3 * g) == whole));
    auto const last = std::vector<std::uint32_t>(whole.begin() + static_cast<std::ptrdiff_t>(2 * g / 4), whole.end());
    CHECK((!stores || read(b, a + 5 * g, g) == last));

    // through the second address, seen at the first
    auto const fresh = pattern(g, 9);
    write(b, a + 5 * g, fresh);
    CHECK((!stores || read(b, a + 2 * g, g) == fresh));

    // moved: one goes before two, nothing is copied
    b.unmap(a, 2 * g);
    b.unmap(a + 2 * g, g);
    b.map(a + g, 2 * g, two);
    b.map(a, g, one);
    b.allow_access(a, 3 * g);
    CHECK((!stores || read(b, a, g) == fresh));
    auto const first =
        std::vector<std::uint32_t>(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(2 * g / 4));
    CHECK((!stores || read(b, a + g, 2 * g) == first));

    b.unmap(a + 5 * g, g);
    b.unmap(a + g, 2 * g);
    b.unmap(a, g);
    b.destroy(one, g);
    b.destroy(two, 2 * g);
    b.release_addresses(a, 8 * g);
}

/// Addresses are kept while nothing is mapped, also where something was.
template<class Backend>
void reservations(Backend const& b) {
    auto const g = b.granule_bytes();
    auto const a = b.reserve_addresses(4 * g);
    auto const memory = b.create(g);
    b.map(a + g, g, memory);
    b.allow_access(a + g, g);
    b.unmap(a + g, g);
    for (int i = 0; i < 8; ++i) {
        auto const other = b.reserve_addresses(g);
        CHECK((other + g <= a || other >= a + 4 * g));
        b.release_addresses(other, g);
    }
    b.map(a + g, g, memory);
    b.unmap(a + g, g); // access was never allowed: no matter
    b.destroy(memory, g);
    b.release_addresses(a, 4 * g);
}

/// What is more than there is, is refused with its reason and changes nothing.
template<class Backend>
void exhaustion(Backend const& b) {
    auto const g = b.granule_bytes();
    auto const before = b.info();
    auto const much = (before.total_bytes / g + 1) * g;
    try {
        static_cast<void>(b.create(much));
        FAIL("more than the device has");
    } catch (backend_error const& e) {
        CHECK(e.reason() == orfeas::memory::error::out_of_memory);
    }
    CHECK_THROWS_AS(b.allocate(static_cast<std::size_t>(much)), backend_error);
    b.destroy(b.create(g), g);
}

/// Random calls against a plain model: which memory is where, and what was last written to it.
template<class Backend>
void random_mappings(Backend const& b, bool stores, std::uint64_t seed, int steps) {
    struct piece {
        physical_memory memory;
        std::uint32_t stamp = 0;
        std::uint64_t mappings = 0;
    };
    constexpr std::size_t none = ~std::size_t{0};
    constexpr std::size_t places = 12;
    constexpr std::size_t most = 6;
    auto const g = b.granule_bytes();
    auto const a = b.reserve_addresses(places * g);
    std::mt19937_64 random{seed};
    std::vector<piece> pieces(most); // without memory: not created
    std::vector<std::size_t> shown(places, none);
    auto const at = [&](std::size_t place) { return a + place * g; };
    auto const edge = [&](std::size_t place) { return at(place) + g - sizeof(std::uint32_t); };
    auto const remove = [&](std::size_t place) {
        b.unmap(at(place), g);
        --pieces[shown[place]].mappings;
        shown[place] = none;
    };
    auto const take = [&](piece& each) {
        if (!each.memory) {
            each = {b.create(g), 0, 0};
            return;
        }
        if (each.mappings == 0) {
            b.destroy(each.memory, g);
            each = {};
        }
    };

    for (int step = 1; step <= steps; ++step) {
        auto const place = random() % places;
        auto const which = random() % most;
        auto& each = pieces[which];
        if (random() % 4 == 0) {
            take(each);
        } else if (shown[place] != none) {
            auto& here = pieces[shown[place]];
            if (here.stamp != 0 && stores && read(b, edge(place), 4).front() != here.stamp) {
                FAIL("step " << step << ": another memory shows at place " << place);
            }
            here.stamp = static_cast<std::uint32_t>(step);
            write(b, edge(place), {here.stamp});
            if (random() % 2 == 0) {
                remove(place);
            }
        } else if (each.memory) {
            b.map(at(place), g, each.memory);
            b.allow_access(at(place), g);
            shown[place] = which;
            ++each.mappings;
        }
    }
    for (std::size_t place = 0; place < places; ++place) {
        if (shown[place] != none) {
            remove(place);
        }
    }
    for (auto& each : pieces) {
        if (each.memory) {
            b.destroy(each.memory, g);
        }
    }
    b.release_addresses(a, places * g);
}

/// A fence passes when it has been waited for at the latest, and fences serve again and again.
template<class Backend>
void fences(Backend const& b, stream_ref stream = {}) {
    CHECK(b.passed(fence{}));
    b.wait(fence{});
    b.make_wait(stream, fence{});
    b.forget(fence{});
    for (int round = 0; round < 3; ++round) {
        std::vector<fence> all;
        for (int i = 0; i < 10; ++i) {
            all.push_back(b.record(stream));
        }
        b.make_wait(stream, all.front());
        b.wait(all.back());
        for (fence const f : all) {
            CHECK(b.passed(f)); // in the order of the stream
            b.forget(f);
        }
    }
}

} // namespace orfeas_test::contract
