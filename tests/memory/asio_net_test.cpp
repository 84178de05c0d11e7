// SPDX-License-Identifier: MIT
#include "memory/random.hpp"
#include "support/catch.hpp"
#include "support/pools.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/asio.hpp>
#include <orfeas/memory/null_vmm.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

using namespace orfeas::literals;
using namespace orfeas::memory;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

using allocator = awaiting_allocator<pool>;

/// Memory that a coroutine frees when it is asked to, after letting others run.
struct spillable {
    pool& from;
    void* held = nullptr;
    std::vector<std::string>& asked;
    std::string name;

    asio::awaitable<std::uint64_t> spill(std::uint64_t) {
        asked.push_back(name);
        co_await asio::post(asio::use_awaitable);
        if (held == nullptr) {
            co_return 0;
        }
        from.deallocate(held, 16_MiB);
        held = nullptr;
        co_return 16_MiB;
    }
};

asio::awaitable<std::uint64_t> fails(std::uint64_t) {
    co_await asio::post(asio::use_awaitable);
    throw std::runtime_error{"the disk is full"};
}

/// What a request ended with.
struct outcome {
    void* got = nullptr;
    std::exception_ptr error;
    bool ended = false;
};

void start(asio::io_context& io, allocator& from, std::size_t bytes, std::chrono::nanoseconds timeout, outcome& to) {
    asio::co_spawn(io, from.allocate(timeout, bytes),
                   [&to](std::exception_ptr error, void* got) { to = {got, std::move(error), true}; });
}

} // namespace

TEST_CASE("memory: reclaimers are awaited, the lowest priority first, and no more than are needed") {
    asio::io_context io;
    pool p{null_vmm{64_MiB}};
    allocator memory{p};
    std::vector<std::string> asked;
    spillable models{p, p.allocate(16_MiB), asked, "models"};
    spillable cache{p, p.allocate(16_MiB), asked, "cache"};
    spillable nothing{p, nullptr, asked, "nothing"};
    void* const live = p.allocate(30_MiB);
    memory.add_reclaimer(2, [&](std::uint64_t bytes) { return models.spill(bytes); });
    memory.add_reclaimer(1, [&](std::uint64_t bytes) { return cache.spill(bytes); });
    memory.add_reclaimer(0, [&](std::uint64_t bytes) { return nothing.spill(bytes); });
    memory.add_reclaimer(-1, fails);
    outcome small;
    start(io, memory, 10_MiB, 0ns, small);
    io.run();
    CHECK(small.got != nullptr);
    CHECK(asked == std::vector<std::string>{"nothing", "cache"});
    CHECK(models.held != nullptr);
    CHECK(&memory.resource() == &p);
    p.deallocate(live, 30_MiB);
    p.deallocate(models.held, 16_MiB);
    p.deallocate(small.got, 10_MiB);
}

TEST_CASE("memory: a coroutine that waits is woken by a deallocation, and others run meanwhile") {
    asio::io_context io;
    pool p{null_vmm{64_MiB}};
    allocator memory{p};
    void* const held = p.allocate(40_MiB);
    outcome first;
    outcome second;
    start(io, memory, 60_MiB, 1h, first);
    start(io, memory, 50_MiB, 1h, second);
    io.poll();
    CHECK_FALSE(first.ended);
    CHECK_FALSE(second.ended);
    p.deallocate(p.allocate(1_MiB), 1_MiB); // wakes both for nothing
    io.restart();
    io.poll();
    CHECK_FALSE((first.ended || second.ended));
    p.deallocate(held, 40_MiB);
    io.restart();
    io.poll();
    CHECK(first.ended != second.ended);
    p.deallocate(first.ended ? first.got : second.got, first.ended ? 60_MiB : 50_MiB);
    io.restart();
    io.run();
    REQUIRE((first.got != nullptr && second.got != nullptr));
    p.deallocate(p.profile().allocated_bytes == 60_MiB ? first.got : second.got, p.profile().allocated_bytes);
    CHECK(p.profile().allocations == 0);
}

TEST_CASE("memory: coroutines that wait for as much are served in the order in which they came") {
    asio::io_context io;
    pool p{null_vmm{64_MiB}};
    allocator memory{p};
    void* held = p.allocate(60_MiB);
    std::vector<outcome> waiting(5);
    for (auto& each : waiting) {
        start(io, memory, 60_MiB, 1h, each);
    }
    io.poll();
    for (auto const& each : waiting) {
        CHECK_FALSE(each.ended);
        p.deallocate(held, 60_MiB);
        io.restart();
        io.poll();
        REQUIRE(each.got != nullptr); // and none of those after it, as the next round checks
        held = each.got;
    }
    p.deallocate(held, 60_MiB);
}

TEST_CASE("memory: a coroutine's request ends at its time, and may be told to split its work") {
    asio::io_context io;
    pool p{null_vmm{64_MiB}};
    allocator memory{p};
    void* const held = p.allocate(40_MiB);
    outcome half;
    outcome none;
    outcome never;
    start(io, memory, 40_MiB, 1ms, half);
    start(io, memory, 60_MiB, 1ms, none);
    start(io, memory, 1_TiB, 1h, never); // waiting brings nothing
    io.run();
    CHECK_THROWS_AS(std::rethrow_exception(half.error), retry_with_split);
    CHECK_THROWS_AS(std::rethrow_exception(none.error), out_of_memory);
    CHECK_THROWS_AS(std::rethrow_exception(never.error), out_of_memory);
    p.deallocate(held, 40_MiB);
}

TEST_CASE("memory: a request that is cancelled while it waits ends, and takes nothing") {
    asio::io_context io;
    pool p{null_vmm{64_MiB}};
    allocator memory{p};
    void* const held = p.allocate(40_MiB);
    asio::cancellation_signal cancel;
    outcome ended;
    auto on_end = [&ended](std::exception_ptr error, void* got) { ended = {got, std::move(error), true}; };
    asio::co_spawn(io, memory.allocate(1h, 60_MiB), asio::bind_cancellation_slot(cancel.slot(), on_end));
    io.poll();
    CHECK_FALSE(ended.ended);
    cancel.emit(asio::cancellation_type::terminal);
    io.restart();
    io.run();
    REQUIRE(ended.ended);
    CHECK_THROWS_AS(std::rethrow_exception(ended.error), boost::system::system_error);
    p.deallocate(held, 40_MiB);
    CHECK(p.profile().allocations == 0);
}

TEST_CASE("memory: no ring of an alarm is lost, however late it comes") {
    using point = std::chrono::steady_clock::time_point;
    for (int step = 0; step < 12; ++step) {
        for (auto const deadline : {point::min(), point::max()}) {
            CAPTURE(step, deadline == point::min());
            asio::io_context io;
            auto const alarm = std::make_shared<orfeas::memory::detail::coroutine_alarm>(io.get_executor());
            std::vector<bool> told;
            auto const note = [&told](std::exception_ptr const& error, bool rung) {
                CHECK_FALSE(error);
                told.push_back(rung);
            };
            asio::co_spawn(io, alarm->wait_until(deadline), note);
            for (int i = 0; i < step; ++i) {
                io.poll_one();
            }
            alarm->ring();
            alarm->ring(); // the same to who waits
            io.restart();
            io.run();
            REQUIRE(told.size() == 1);
            CHECK((told[0] || deadline == point::min()));
            asio::co_spawn(io, alarm->wait_until(point::min()), note);
            io.restart();
            io.run();
            CHECK(told == std::vector<bool>{told[0], !told[0]}); // the wait, or the next one
        }
    }
}

TEST_CASE("memory: memory that comes back as a request ends is had or left, and the alarm may ring after the request") {
    for (int step = 0; step < 30; ++step) {
        for (bool const cancels : {false, true}) {
            CAPTURE(step, cancels);
            asio::io_context io;
            pool p{null_vmm{64_MiB}};
            allocator memory{p};
            void* const held = p.allocate(40_MiB);
            asio::cancellation_signal cancel;
            outcome ended;
            auto on_end = [&ended](std::exception_ptr error, void* got) { ended = {got, std::move(error), true}; };
            asio::co_spawn(io, memory.allocate(cancels ? 1h : 0ns, 60_MiB),
                           asio::bind_cancellation_slot(cancel.slot(), on_end));
            if (cancels) {
                io.poll();
                cancel.emit(asio::cancellation_type::terminal);
                io.restart();
            }
            for (int i = 0; i < step; ++i) {
                io.poll_one();
            }
            p.deallocate(held, 40_MiB);
            io.restart();
            io.run();
            REQUIRE(ended.ended);
            CHECK((ended.got == nullptr) == (ended.error != nullptr));
            CHECK(p.profile().allocations == (ended.got != nullptr ? 1U : 0U));
            p.deallocate(ended.got, 60_MiB);
        }
    }
}

TEST_CASE("memory: coroutines on many threads that wait for each other's memory all get it") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    pool p{null_vmm{64_MiB}};
    allocator memory{p};
    std::atomic<int> served{0};
    constexpr int workers = 12;
    constexpr int rounds = 200;
    auto const work = [&](std::uint64_t number) -> asio::awaitable<void> {
        std::mt19937_64 random{seed + number};
        stream_ref const stream{&served + number};
        for (int i = 0; i < rounds; ++i) {
            auto const bytes = static_cast<std::size_t>(1 + random() % 60_MiB);
            void* const got = co_await memory.allocate(5min, stream, bytes);
            co_await asio::post(asio::use_awaitable);
            p.deallocate(stream, got, bytes);
            ++served;
        }
    };
    {
        asio::thread_pool threads{4};
        for (std::uint64_t i = 0; i < workers; ++i) {
            asio::co_spawn(threads, work(i), asio::detached);
        }
        threads.join();
    }
    CHECK(served == workers * rounds);
    CHECK(p.profile().allocations == 0);
}
