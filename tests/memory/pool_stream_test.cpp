// SPDX-License-Identifier: MIT
//
// The pool in stream order, on a device whose streams finish when they are told to and which reports memory that is used
// by two of them at once.
#include "memory/random.hpp"
#include "support/catch.hpp"
#include "support/pools.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/null_vmm.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace orfeas::literals;
using orfeas::memory::null_call;
using orfeas::memory::null_vmm;
using orfeas::memory::null_vmm_options;
using orfeas::memory::stream_ref;

namespace {

using sentences = std::vector<std::string>;

null_vmm manual_device(std::uint64_t capacity) {
    return null_vmm{null_vmm_options{.capacity_bytes = capacity, .manual_streams = true}};
}

std::array<int, 4> stream_names{};

stream_ref stream(std::size_t i) {
    return stream_ref{&stream_names[i]};
}

} // namespace

TEST_CASE("memory: a stream gets back at once what it freed, of any size") {
    auto const device = manual_device(64_MiB);
    orfeas::memory::pool pool{device};
    void* const whole = pool.allocate(stream(0), 4_MiB);
    device.touch(whole, 4_MiB, stream(0));
    pool.deallocate(stream(0), whole, 4_MiB);
    CHECK(pool.profile().pending_bytes == 4_MiB);
    void* const half = pool.allocate(stream(0), 2_MiB);
    void* const rest = pool.allocate(stream(0), 2_MiB);
    CHECK(half == whole);
    CHECK(rest == static_cast<std::byte*>(whole) + 2_MiB);
    CHECK(device.touch(rest, 2_MiB, stream(0)));
    CHECK(pool.profile().pending_bytes == 0);
    CHECK(pool.profile().reserved_bytes == 4_MiB);
    CHECK(device.calls(null_call::record) == 0);
    CHECK(device.violations() == sentences{});
}

TEST_CASE("memory: others get it when the stream has passed") {
    auto const device = manual_device(64_MiB);
    orfeas::memory::pool pool{device};
    void* const first = pool.allocate(stream(0), 4_MiB);
    device.touch(first, 4_MiB, stream(0));
    pool.deallocate(stream(0), first, 4_MiB);

    void* const second = pool.allocate(stream(1), 4_MiB);
    CHECK(second != first); // more memory rather than a wait
    pool.deallocate(stream(1), second, 4_MiB);
    CHECK_FALSE(pool.prepare(8_MiB)); // asks for a fence of every stream, and none has passed
    device.complete_all();
    void* const third = pool.allocate(8_MiB); // what both gave up has merged
    CHECK(pool.profile().reserved_bytes == 8_MiB);
    CHECK(pool.profile().pending_bytes == 0);
    CHECK(device.touch(third, 8_MiB));
    CHECK(device.violations() == sentences{});
}

TEST_CASE("memory: one fence covers many deallocations") {
    auto const device = manual_device(64_MiB);
    orfeas::memory::pool pool{device};
    for (int i = 0; i < 640; ++i) {
        pool.deallocate(stream(0), pool.allocate(stream(0), 1000), 1000);
    }
    CHECK(device.calls(null_call::record) == 10);
}

TEST_CASE("memory: under pressure a stream waits for another's work rather than for more memory") {
    auto const device = manual_device(16_MiB);
    orfeas::memory::pool pool{device};
    void* const kept = pool.allocate(stream(0), 12_MiB); // pressure is medium
    void* const given_up = pool.allocate(stream(0), 4_MiB);
    device.touch(given_up, 4_MiB, stream(0));
    pool.deallocate(stream(0), given_up, 4_MiB);

    void* const theirs = pool.try_allocate(stream(1), 4_MiB);
    REQUIRE(theirs == given_up);
    CHECK(device.calls(null_call::make_wait) == 1);
    CHECK(device.calls(null_call::wait) == 0); // the host did not wait
    CHECK(device.touch(theirs, 4_MiB, stream(1)));
    pool.deallocate(stream(1), theirs, 4_MiB);
    pool.deallocate(stream(0), kept, 12_MiB);
    CHECK(device.violations() == sentences{});
}

TEST_CASE("memory: the last memory is waited for") {
    auto const device = manual_device(16_MiB);
    orfeas::memory::pool pool{device};
    std::vector<void*> held;
    for (int i = 0; i < 4; ++i) {
        held.push_back(pool.allocate(stream(0), 4_MiB));
        device.touch(held.back(), 4_MiB, stream(0));
    }
    for (void* const each : held) {
        pool.deallocate(stream(0), each, 4_MiB);
    }
    void* const all = pool.try_allocate(16_MiB); // for no stream: the host has to wait
    REQUIRE(all != nullptr);
    CHECK(device.calls(null_call::wait) == 1);
    CHECK(pool.profile().pending_bytes == 0);
    CHECK(device.violations() == sentences{});
}

TEST_CASE("memory: reclaimers are asked by priority, until there is room") {
    null_vmm const device{16_MiB};
    orfeas::memory::pool pool{device};
    std::vector<void*> caches{pool.allocate(6_MiB), pool.allocate(6_MiB)};
    std::string asked;
    auto const reclaim = [&](std::size_t i, char name) {
        return [&, i, name](std::uint64_t bytes) -> std::uint64_t {
            asked += name;
            CHECK(bytes >= 8_MiB);
            if (caches[i] == nullptr) {
                return 0;
            }
            pool.deallocate(caches[i], 6_MiB);
            caches[i] = nullptr;
            return 6_MiB;
        };
    };
    pool.add_reclaimer(20, reclaim(0, 'b'));
    pool.add_reclaimer(30, [&](std::uint64_t) -> std::uint64_t {
        asked += 'c';
        throw std::runtime_error{"no"};
    });
    pool.add_reclaimer(10, reclaim(1, 'a'));
    void* const p = pool.try_allocate(8_MiB);
    REQUIRE(p != nullptr);
    CHECK(asked == "a");
    CHECK(pool.try_allocate(9_MiB) == nullptr);
    CHECK(asked == "aabc");
    pool.deallocate(p, 8_MiB);
}

TEST_CASE("memory: memory is reclaimed ahead of need, by priority, as much as is missing") {
    null_vmm const device{64_MiB};
    orfeas::memory::pool pool{device};
    std::vector<void*> caches{pool.allocate(6_MiB), pool.allocate(6_MiB), pool.allocate(6_MiB)};
    std::vector<std::uint64_t> asked;
    for (std::size_t i = 0; i < caches.size(); ++i) {
        pool.add_reclaimer(static_cast<int>(i), [&, i](std::uint64_t bytes) -> std::uint64_t {
            asked.push_back(bytes);
            if (caches[i] == nullptr) {
                throw std::runtime_error{"nothing left"};
            }
            pool.deallocate(std::exchange(caches[i], nullptr), 6_MiB);
            return 6_MiB;
        });
    }
    CHECK(pool.reclaim(10_MiB) == 12_MiB);
    CHECK(asked == std::vector<std::uint64_t>{10_MiB, 4_MiB});
    CHECK(pool.reclaim(10_MiB) == 6_MiB); // two of them have nothing
    CHECK(pool.reclaim(10_MiB) == 0);
    CHECK(pool.profile().allocated_bytes == 0);
    CHECK(pool.reclaim(0) == 0);
}

TEST_CASE("memory: a pool that ends waits for the work that uses its memory") {
    auto const device = manual_device(64_MiB);
    {
        orfeas::memory::pool pool{device};
        for (std::size_t i = 0; i < 3; ++i) {
            void* const p = pool.allocate(stream(i), 1_MiB);
            device.touch(p, 1_MiB, stream(i));
            pool.deallocate(stream(i), p, 1_MiB);
        }
    }
    CHECK(device.violations() == sentences{});
    CHECK(device.leaks() == sentences{});
}

TEST_CASE("memory: no two streams use the same memory at once, over random operations") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    struct allocation {
        void* at;
        std::size_t bytes;
        std::size_t stream;
    };
    for (int round = 0; round < 10; ++round) {
        auto const device = manual_device(40_MiB);
        {
            orfeas::memory::pool pool{device};
            std::vector<allocation> live;
            for (int step = 0; step < 800; ++step) {
                auto const dice = random() % 100;
                auto const on = random() % stream_names.size();
                if (dice < 50 || live.empty()) {
                    auto const bytes = static_cast<std::size_t>(orfeas_test::log_uniform(random, 6_MiB));
                    if (void* const at = pool.try_allocate(stream(on), bytes)) {
                        device.touch(at, bytes, stream(on));
                        live.push_back({at, bytes, on});
                    }
                } else if (dice < 96) {
                    auto const i = random() % live.size();
                    auto const each = live[i];
                    pool.deallocate(stream(each.stream), each.at, each.bytes);
                    live[i] = live.back();
                    live.pop_back();
                } else if (dice < 98) {
                    device.complete(stream(on));
                } else {
                    pool.cleanup();
                }
            }
            for (auto const& each : live) {
                pool.deallocate(stream(each.stream), each.at, each.bytes);
            }
            CHECK(pool.profile().allocated_bytes == 0);
            pool.cleanup(); // asks for a fence of every stream
            device.complete_all();
            pool.cleanup();
            CHECK(pool.profile().reserved_bytes == 0);
            CHECK(pool.profile().pending_bytes == 0);
        }
        REQUIRE(device.violations() == sentences{});
        REQUIRE(device.leaks() == sentences{});
    }
}

TEST_CASE("memory: a fence that fails leaves memory pending, and the pool usable") {
    auto const device = manual_device(8_MiB);
    orfeas::memory::pool pool{device};
    void* const p = pool.allocate(stream(0), 4_MiB);
    pool.deallocate(stream(0), p, 4_MiB);
    device.fail(null_call::record, 1);
    void* const other = pool.try_allocate(4_MiB);
    CHECK(other != nullptr);
    CHECK(other != p);
    CHECK(pool.profile().pending_bytes == 4_MiB);
    CHECK(pool.allocate(stream(0), 4_MiB) == p); // the stream itself may have it
    pool.deallocate(stream(0), p, 4_MiB);
    CHECK(pool.try_allocate(4_MiB) == p); // waited for
}

TEST_CASE("memory: a lost device is reported once, and asked no more") {
    struct names {
        std::vector<std::string> seen;
        void write(orfeas::log_event const& event) noexcept { seen.emplace_back(event.event); }
    };
    auto const device = manual_device(64_MiB);
    auto const log = std::make_shared<names>();
    {
        orfeas::memory::pool pool{device, {}, orfeas::logger{log}};
        void* const first = pool.allocate(stream(0), 4_MiB);
        void* const second = pool.allocate(stream(1), 4_MiB);
        CHECK_FALSE(pool.device_lost());
        device.fail(1, ~std::uint64_t{0}, orfeas::memory::error::device_lost);
        for (int i = 0; i < 3; ++i) {
            try {
                pool.allocate(32_MiB);
                FAIL("the device gives nothing");
            } catch (orfeas::memory::out_of_memory const& refused) {
                if (i > 0) {
                    CHECK_THAT(refused.what(), orfeas_test::contains("The device is lost"));
                }
            }
        }
        CHECK(pool.device_lost());
        CHECK(pool.try_allocate(stream(0), 1000) == nullptr);
        auto const asked = device.calls();
        pool.deallocate(stream(0), first, 4_MiB);
        pool.deallocate(stream(1), second, 4_MiB);
        CHECK(pool.try_allocate(stream(0), 1000) == nullptr);
        pool.forget_stream(stream(0));
        CHECK(device.calls() == asked);
    }
    CHECK(std::count(log->seen.begin(), log->seen.end(), "device_lost") == 1);
    CHECK(std::count(log->seen.begin(), log->seen.end(), "fence_refused") == 0);
}

TEST_CASE("memory: a device that is lost shows in fences and copies, too") {
    for (bool const by_copy : {true, false}) {
        auto const device = manual_device(8_MiB);
        orfeas::memory::pool pool{device};
        void* const p = pool.allocate(stream(0), 8_MiB);
        device.fail(1, ~std::uint64_t{0}, orfeas::memory::error::device_lost);
        if (by_copy) {
            int value = 0;
            CHECK_THROWS_AS(pool.copy_out(&value, p, sizeof value), orfeas::memory::backend_error);
        }
        pool.deallocate(stream(0), p, 8_MiB);
        CHECK(pool.try_allocate(8_MiB) == nullptr);
        CHECK(pool.device_lost());
    }
}

TEST_CASE("memory: a device that refuses once is not lost") {
    auto const device = manual_device(64_MiB);
    orfeas::memory::pool pool{device};
    device.fail(null_call::create, 1, 100, orfeas::memory::error::device_lost); // other calls are answered
    CHECK(pool.try_allocate(32_MiB) == nullptr);
    CHECK_FALSE(pool.device_lost());
    device.fail(1, 0);
    CHECK(pool.try_allocate(32_MiB) != nullptr);
}

TEST_CASE("memory: fences that nobody asks about do not pile up") {
    auto const device = manual_device(64_MiB);
    orfeas::memory::pool pool{device};
    for (int i = 0; i < 64 * 100; ++i) {
        pool.deallocate(stream(0), pool.allocate(stream(0), 1000), 1000);
    }
    CHECK(device.usage().fences <= 8);
    device.complete_all();
    pool.cleanup();
    CHECK(pool.profile().pending_bytes == 0);
    CHECK(device.usage().fences == 0);
}

TEST_CASE("memory: what was borrowed in vain is waited for") {
    auto const device = manual_device(100_MiB);
    orfeas::memory::pool pool{device};
    pool.allocate(72_MiB); // pressure is medium
    std::vector<void*> scattered;
    for (int i = 0; i < 12; ++i) {
        scattered.push_back(pool.allocate(stream(0), 2_MiB));
        device.touch(scattered.back(), 2_MiB, stream(0));
    }
    for (std::size_t i = 0; i < scattered.size(); i += 2) {
        pool.deallocate(stream(0), scattered[i], 2_MiB);
    }
    CHECK(pool.try_allocate(stream(1), 16_MiB) != nullptr); // 12 MiB in holes, 4 MiB not taken yet
    CHECK(device.violations() == sentences{});
}

TEST_CASE("memory: what a stream had back early is not everyone's when it is given back without a stream") {
    auto const device = manual_device(64_MiB);
    orfeas::memory::pool pool{device};
    void* const p = pool.allocate(stream(0), 4_MiB);
    device.touch(p, 4_MiB, stream(0)); // runs for long
    pool.deallocate(stream(0), p, 4_MiB);
    REQUIRE(pool.allocate(stream(0), 4_MiB) == p);
    pool.deallocate(p, 4_MiB); // not used, after all
    CHECK(pool.profile().pending_bytes == 4_MiB);
    void* const other = pool.allocate(stream(1), 4_MiB);
    CHECK(other != p);
    pool.cleanup();
    CHECK(device.violations() == sentences{});
}

TEST_CASE("memory: a stream that is forgotten leaves its memory to everyone, and its name to another") {
    auto const device = manual_device(64_MiB);
    {
        orfeas::memory::pool pool{device};
        void* const p = pool.allocate(stream(0), 4_MiB);
        device.touch(p, 4_MiB, stream(0));
        pool.deallocate(stream(0), p, 4_MiB);
        pool.forget_stream(stream(0));
        CHECK(pool.profile().pending_bytes == 0);
        CHECK(device.usage().fences == 0);
        CHECK(pool.allocate(stream(1), 4_MiB) == p);
        auto const records = device.calls(null_call::record);
        pool.cleanup();
        CHECK(device.calls(null_call::record) == records); // the stream may be gone
        for (int i = 0; i < 300; ++i) {
            int name = 0;
            pool.deallocate(stream_ref{&name}, pool.allocate(1000), 1000);
            pool.forget_stream(stream_ref{&name});
        }
        pool.forget_stream(stream(3)); // never seen

        pool.deallocate(stream(0), pool.allocate(stream(0), 4096), 4096);
        void* const early = pool.allocate(stream(0), 4096); // outlives its stream
        pool.forget_stream(stream(0));
        pool.deallocate(early, 4096);
        CHECK(pool.profile().pending_bytes == 0);
    }
    CHECK(device.violations() == sentences{});
    CHECK(device.leaks() == sentences{});
}

TEST_CASE("memory: an epoch whose fence was refused gets another") {
    auto const device = manual_device(64_MiB);
    {
        orfeas::memory::pool pool{device};
        void* const p = pool.allocate(stream(0), 4_MiB);
        device.touch(p, 4_MiB, stream(0));
        pool.deallocate(stream(0), p, 4_MiB);
        device.fail(null_call::record, 1);
        pool.cleanup(); // the fence is refused
        device.complete_all();
        pool.cleanup(); // asks again
        device.complete_all();
        pool.cleanup();
        CHECK(pool.profile().pending_bytes == 0);
        void* const q = pool.allocate(stream(0), 4_MiB);
        device.touch(q, 4_MiB, stream(0));
        pool.deallocate(stream(0), q, 4_MiB);
        device.fail(null_call::record, 1);
        pool.cleanup();
    } // the end waits for the work all the same
    CHECK(device.violations() == sentences{});
    CHECK(device.leaks() == sentences{});
}
