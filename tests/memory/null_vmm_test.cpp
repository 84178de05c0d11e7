// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/null_vmm.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

using namespace orfeas::literals;
using namespace std::chrono_literals;
using namespace orfeas::memory;
using orfeas_test::contains;

namespace {

/// Makes a call that breaks the contract, and answers the sentence that it is remembered with.
template<class Call>
std::string breach(null_vmm const& device, Call call) {
    auto const before = device.usage();
    auto const known = device.violations().size();
    try {
        call();
        return "nothing thrown";
    } catch (backend_error const& e) {
        auto const all = device.violations();
        if (all.size() != known + 1 || all.back() != e.what()) {
            return "not remembered: " + std::string{e.what()};
        }
    }
    return device.usage() == before ? device.violations().back() : "the books changed";
}

} // namespace

TEST_CASE("memory: a null device keeps the books of one with memory") {
    null_vmm const device{80_GiB};
    CHECK(device.name() == "null device");
    CHECK(to_string(device.kind()) == "null");
    CHECK_FALSE(device.host_accessible());
    CHECK(device.granule_bytes() == 2_MiB);
    CHECK(device.info().free_bytes == 80_GiB);
    void* const p = device.allocate(10_GiB);
    auto const a = device.reserve_addresses(90_GiB);
    auto const memory = device.create(64_GiB);
    device.map(a, 64_GiB, memory);
    CHECK(device.info().free_bytes == 6_GiB);
    auto const now = device.usage();
    CHECK(now.allocations == 1);
    CHECK(now.reservations == 1);
    CHECK(now.handles == 1);
    CHECK(now.mappings == 1);
    CHECK(now.used_bytes == 74_GiB);
    CHECK(now.reserved_bytes == 90_GiB);
    CHECK(now.mapped_bytes == 64_GiB);
    CHECK(device.leaks().size() == 4);
    CHECK_THROWS_WITH(device.create(8_GiB), contains("no room for 8 GiB in the capacity of 80 GiB"));
    CHECK_THROWS_WITH(device.allocate(8_GiB), contains("raise capacity_bytes"));
    CHECK(device.calls(null_call::create) == 2);

    device.unmap(a, 64_GiB);
    device.destroy(memory, 64_GiB);
    device.release_addresses(a, 90_GiB);
    device.deallocate(p, 10_GiB);
    CHECK(device.info().free_bytes == 80_GiB);
    CHECK(device.usage().peak_used_bytes == 74_GiB);
    CHECK(device.leaks().empty());
    CHECK(device.violations().empty());
    CHECK(null_vmm{device} == device);
    CHECK(device != null_vmm{80_GiB});
}

TEST_CASE("memory: a null device reports every breach of the contract, and does nothing then") {
    null_vmm const d{1_GiB};
    auto const g = d.granule_bytes();
    auto const a = d.reserve_addresses(8 * g);
    auto const one = d.create(g);
    auto const two = d.create(2 * g);
    d.map(a, g, one);
    d.map(a + 2 * g, 2 * g, two);

    CHECK_THAT(breach(d, [&] { d.create(g + 1); }), contains("multiples of the granule of 2 MiB"));
    CHECK_THAT(breach(d, [&] { d.reserve_addresses(0); }), contains("multiples of the granule"));
    CHECK_THAT(breach(d, [&] { d.unmap(a + 512, g); }), contains("multiples of the granule"));
    CHECK_THAT(breach(d, [&] { d.map(a + g, g, {99}); }), contains("physical memory 99 does not exist"));
    CHECK_THAT(breach(d, [&] { d.map(a + g, g, {}); }), contains("does not exist"));
    CHECK_THAT(breach(d, [&] { d.map(a + 4 * g, g, two); }), contains("has 4 MiB, not 2 MiB"));
    CHECK_THAT(breach(d, [&] { d.map(a, g, one); }), contains("meets the mapping at"));
    CHECK_THAT(breach(d, [&] { d.map(a + 3 * g, 2 * g, two); }), contains("meets the mapping at"));
    CHECK_THAT(breach(d, [&] { d.map(a + g, 2 * g, two); }), contains("meets the mapping at"));
    CHECK_THAT(breach(d, [&] { d.map(a + 8 * g, g, one); }), contains("is not reserved"));
    CHECK_THAT(breach(d, [&] { d.map(a + 7 * g, 2 * g, two); }), contains("is not reserved"));
    CHECK_THAT(breach(d, [&] { d.allow_access(a, 2 * g); }), contains("no run of whole mappings"));
    CHECK_THAT(breach(d, [&] { d.allow_access(a + 3 * g, g); }), contains("no run of whole mappings"));
    CHECK_THAT(breach(d, [&] { d.unmap(a + g, g); }), contains("is no mapping"));
    CHECK_THAT(breach(d, [&] { d.unmap(a + 2 * g, g); }), contains("is no mapping"));
    CHECK_THAT(breach(d, [&] { d.destroy(one, g); }), contains("still mapped 1 times"));
    CHECK_THAT(breach(d, [&] { d.destroy(two, g); }), contains("dealt with as a whole"));
    CHECK_THAT(breach(d, [&] { d.release_addresses(a, 8 * g); }), contains("still has a mapping"));
    CHECK_THAT(breach(d, [&] { d.release_addresses(a, 7 * g); }), contains("is no reservation"));

    d.unmap(a, g);
    d.destroy(one, g);
    CHECK_THAT(breach(d, [&] { d.destroy(one, g); }), contains("does not exist"));
    d.unmap(a + 2 * g, 2 * g);
    d.destroy(two, 2 * g);
    d.release_addresses(a, 8 * g);
    CHECK_THAT(breach(d, [&] { d.release_addresses(a, 8 * g); }), contains("is no reservation"));

    void* const p = d.allocate(1000);
    CHECK_THAT(breach(d, [&] { d.deallocate(p, 1001); }), contains("is not allocated"));
    d.deallocate(p, 1000);
    CHECK_THAT(breach(d, [&] { d.deallocate(p, 1000); }), contains("is not allocated"));
    CHECK(d.leaks().empty());
}

TEST_CASE("memory: a null device knows what a kernel may touch") {
    null_vmm const d{1_GiB};
    auto const g = d.granule_bytes();
    auto const at = [](std::uintptr_t address) { return reinterpret_cast<std::byte*>(address); };
    auto const a = d.reserve_addresses(4 * g);
    auto const memory = d.create(g);
    auto const other = d.create(g);
    d.map(a, g, memory);
    d.map(a + g, g, other);
    CHECK_FALSE(d.touch(at(a), 1));
    CHECK_THAT(d.violations().back(), contains("access was never allowed"));
    d.allow_access(a, 2 * g);
    CHECK(d.touch(at(a + 10), 2 * g - 10));
    CHECK_FALSE(d.touch(at(a + 10), 2 * g - 9));
    CHECK_THAT(d.violations().back(), contains("has no memory"));
    CHECK_FALSE(d.touch(at(a - 1), 1));
    d.unmap(a, g);
    CHECK_FALSE(d.touch(at(a + g - 1), 2));
    d.map(a, g, memory);
    CHECK_FALSE(d.touch(at(a), 1)); // a new mapping needs access anew
    CHECK_FALSE(d.touch(at(a + g - 1), 2));
    CHECK(d.touch(at(a + g), g));

    void* const p = d.allocate(1_MiB);
    int word = 7;
    d.copy_in(p, &word, sizeof word);
    d.copy_out(&word, p, sizeof word);
    CHECK(word == 0);
    CHECK_THAT(breach(d, [&] { d.copy_in(static_cast<std::byte*>(p) + 1_MiB - 3, &word, 4); }), contains("copy_in"));
    CHECK_THAT(breach(d, [&] { d.copy_out(&word, at(a), 4); }), contains("access was never allowed"));
}

TEST_CASE("memory: a null device fails the calls it is told to") {
    null_vmm const d{1_GiB};
    auto const g = d.granule_bytes();
    d.fail(2);
    auto const a = d.reserve_addresses(g);
    CHECK_THROWS_WITH(d.create(g), contains("create: fails as it was asked to"));
    auto const memory = d.create(g);

    d.fail(null_call::map, 2, 2, error::out_of_memory);
    d.map(a, g, memory);
    d.unmap(a, g);
    for (int i = 0; i < 2; ++i) {
        try {
            d.map(a, g, memory);
            FAIL("told to fail twice");
        } catch (backend_error const& e) {
            CHECK(e.reason() == error::out_of_memory);
            CHECK(std::string{e.call()} == "map");
        }
    }
    d.map(a, g, memory);
    d.fail(1, 100);
    CHECK_THROWS_AS(d.unmap(a, g), backend_error);
    CHECK_THROWS_AS(d.info(), backend_error);
    CHECK_THROWS_AS(d.record({}), backend_error);
    d.fail(1, 0);
    d.unmap(a, g);
    d.destroy(memory, g);
    d.release_addresses(a, g);
    CHECK(d.violations().empty()); // asked-for failures are none
    CHECK(d.leaks().empty());
}

TEST_CASE("memory: a null device tells what its calls would have cost") {
    null_vmm const d{1_GiB};
    auto const g = d.granule_bytes();
    d.set_cost(null_call::map, 1450ns);
    d.set_cost(null_call::allow_access, 36us);
    CHECK(d.virtual_time() == 0ns);
    auto const a = d.reserve_addresses(g);
    auto const memory = d.create(g);
    d.map(a, g, memory);
    d.allow_access(a, g);
    CHECK(d.virtual_time() == 37450ns);
    CHECK(d.calls(null_call::map) == 1);
    CHECK(d.calls() == 4);
    std::vector<null_call> seen;
    d.set_hook([&](null_call call) { seen.push_back(call); });
    d.unmap(a, g);
    d.destroy(memory, g);
    d.set_hook({});
    d.release_addresses(a, g);
    CHECK(seen == std::vector{null_call::unmap, null_call::destroy});
}

TEST_CASE("memory: fences of a null device pass when their stream is completed, not before") {
    null_vmm const d{null_vmm_options{.manual_streams = true}};
    int handles[2];
    stream_ref const s{&handles[0]};
    stream_ref const t{&handles[1]};
    auto const first = d.record(s);
    auto const other = d.record(t);
    CHECK_FALSE(d.passed(first));
    d.complete(s);
    CHECK(d.passed(first));
    CHECK_FALSE(d.passed(other));
    auto const second = d.record(s);
    CHECK_FALSE(d.passed(second));

    // t waits for s: it does not get on before
    d.make_wait(t, second);
    auto const behind = d.record(t);
    d.complete(t);
    CHECK(d.passed(other));
    CHECK_FALSE(d.passed(behind));
    d.forget(second); // the wait stays
    CHECK_FALSE(d.passed(behind));
    d.complete(s);
    CHECK(d.passed(behind));

    // the host waits: what must run, runs
    auto const third = d.record(s);
    d.make_wait(t, third);
    auto const last = d.record(t);
    auto const unrelated = d.record(s);
    d.wait(last);
    CHECK(d.passed(last));
    CHECK(d.passed(third));
    CHECK_FALSE(d.passed(unrelated));
    d.complete_all();
    CHECK(d.passed(unrelated));
    for (auto const f : {first, other, behind, third, last, unrelated}) {
        d.forget(f);
    }
    CHECK(d.usage().fences == 0);
    CHECK(d.violations().empty());
}

TEST_CASE("memory: a null device finds memory that is taken from work which may still run") {
    null_vmm const d{null_vmm_options{.manual_streams = true}};
    auto const g = d.granule_bytes();
    int handles[3];
    stream_ref const s{&handles[0]};
    stream_ref const t{&handles[1]};
    stream_ref const u{&handles[2]};
    auto const a = d.reserve_addresses(4 * g);
    auto* const p = reinterpret_cast<std::byte*>(a);
    auto const memory = d.create(g);
    d.map(a, g, memory);
    d.map(a + 2 * g, g, memory); // the same memory again
    CHECK_FALSE(d.touch(p, 100, s));
    CHECK_THAT(d.violations().back(), contains("access was never allowed"));
    d.allow_access(a, g);
    d.allow_access(a + 2 * g, g);
    auto const known = d.violations().size();

    CHECK(d.touch(p, 100, s));
    CHECK(d.touch(p, 100, s));       // the stream keeps its own order
    CHECK(d.touch(p + 100, 100, t)); // other bytes
    CHECK(d.violations().size() == known);
    CHECK_FALSE(d.touch(p + 99, 1, u));
    CHECK_FALSE(d.touch(p + 2 * g, 1, u)); // seen through the other address
    CHECK_THAT(breach(d, [&] { d.unmap(a, g); }), contains("unfinished work uses the memory"));

    // u waits for t, which waits for s: now it may
    auto const f = d.record(s);
    d.make_wait(t, f);
    auto const before = d.record(t);
    auto const after = d.record(u);
    d.make_wait(u, before);
    CHECK(d.touch(p + 50, 100, u));
    d.make_wait(s, after); // passes no knowledge of what u does now
    CHECK_FALSE(d.touch(p + 50, 1, s));

    d.complete_all();
    CHECK(d.passed(after));
    CHECK(d.touch(p + 50, 1, t)); // all has finished
    d.complete(t);
    d.unmap(a, g);
    d.unmap(a + 2 * g, g);

    void* const plain = d.allocate(1000);
    CHECK(d.touch(plain, 1000, s));
    CHECK_FALSE(d.touch(static_cast<std::byte*>(plain) + 999, 1, t));
    CHECK_THAT(breach(d, [&] { d.deallocate(plain, 1000); }), contains("unfinished work"));
    d.complete_all();
    d.deallocate(plain, 1000);
}

TEST_CASE("memory: fences of a null device are used once, and not while a graph is captured") {
    null_vmm const d{1_GiB};
    auto const f = d.record({});
    CHECK(d.passed(f));
    CHECK(d.leaks() == std::vector<std::string>{"1 fences were not forgotten"});
    d.set_capturing({}, true);
    CHECK(d.capturing({}));
    CHECK_THAT(breach(d, [&] { static_cast<void>(d.record({})); }), contains("capturing a graph"));
    CHECK_THAT(breach(d, [&] { static_cast<void>(d.passed(f)); }), contains("capturing a graph"));
    CHECK_THAT(breach(d, [&] { d.wait(f); }), contains("capturing a graph"));
    d.set_capturing({}, false);
    CHECK(d.passed(f));
    d.forget(f);
    CHECK_THAT(breach(d, [&] { static_cast<void>(d.passed(f)); }), contains("is not known"));
    CHECK_THAT(breach(d, [&] { d.make_wait({}, f); }), contains("is not known"));
    d.forget(f);
    CHECK_THAT(d.violations().back(), contains("forget a fence once"));
}

TEST_CASE("memory: a null device without a granule has no virtual memory management") {
    null_vmm const d{null_vmm_options{.granule_bytes = 0}};
    CHECK(d.granule_bytes() == 0);
    try {
        d.reserve_addresses(2_MiB);
        FAIL("there is none");
    } catch (backend_error const& e) {
        CHECK(e.reason() == error::unavailable);
    }
    CHECK(d.violations().empty());
}

TEST_CASE("memory: a null device that only counts is as good for a million remaps") {
    null_vmm const d{null_vmm_options{.checking = false}};
    auto const g = d.granule_bytes();
    auto const a = d.reserve_addresses(1_TiB);
    auto const memory = d.create(g);
    for (std::uint64_t i = 0; i < 1'000'000; ++i) {
        auto const at = a + i * 7919 % (1_TiB / g) * g;
        d.map(at, g, memory);
        d.allow_access(at, g);
        d.unmap(at, g);
    }
    CHECK(d.calls(null_call::unmap) == 1'000'000);
    CHECK(d.usage().mappings == 0);
    CHECK_FALSE(d.record({}));
    CHECK(d.touch(nullptr, 1)); // nothing is known, nothing is wrong
    d.destroy(memory, g);
    d.release_addresses(a, 1_TiB);
    CHECK(d.leaks().empty());
}

TEST_CASE("memory: threads share a null device") {
    null_vmm const d{64_GiB};
    auto const g = d.granule_bytes();
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&d, g] {
            auto const a = d.reserve_addresses(64 * g);
            for (std::uint64_t i = 0; i < 500; ++i) {
                auto const memory = d.create(g);
                d.map(a + i % 64 * g, g, memory);
                d.allow_access(a + i % 64 * g, g);
                d.unmap(a + i % 64 * g, g);
                d.destroy(memory, g);
                auto const f = d.record({});
                d.wait(f);
                d.forget(f);
            }
            d.release_addresses(a, 64 * g);
        });
    }
    for (auto& each : threads) {
        each.join();
    }
    CHECK(d.violations().empty());
    CHECK(d.leaks().empty());
    CHECK(d.calls(null_call::map) == 2000);
}
