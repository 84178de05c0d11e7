// SPDX-License-Identifier: MIT

#include "trace/coroutines.hpp"

#include "support/cpu_timer.hpp"

#include <orfeas/trace.hpp>
#include <orfeas/trace/asio.hpp>

#include <benchmark/benchmark.h>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdint>

namespace bench {

namespace {

namespace asio = boost::asio;
namespace trace = orfeas::trace;

asio::awaitable<void> hops(int count) {
    auto const executor = co_await asio::this_coro::executor;
    for (int i = 0; i < count; ++i) {
        co_await asio::post(executor, asio::use_awaitable);
    }
}

asio::awaitable<std::uint64_t> leaf(std::uint64_t value) {
    co_return value;
}

asio::awaitable<void> nested(int count) {
    std::uint64_t sum = 0;
    for (int i = 0; i < count; ++i) {
        sum += co_await leaf(1);
    }
    benchmark::DoNotOptimize(sum);
}

/// Runs a coroutine to its end, on a bare executor or on a traced one below an open span.
template<class Work>
contender run(char const* name, bool traced, Work work) {
    constexpr int operations = 20'000;
    return {name, operations, [=] {
                asio::io_context io;
                trace::tracer tracer;
                auto const root = tracer.root("request");
                if (traced) {
                    trace::co_spawn(io, work(operations), asio::detached);
                } else {
                    asio::co_spawn(io, work(operations), asio::detached);
                }
                io.run();
            }};
}

} // namespace

void measure_coroutines(report& to) {
    auto const times = race({run("bare hop", false, hops), run("traced hop", true, hops),
                             run("bare await", false, nested), run("traced await", true, nested)},
                            to.arguments().quick ? 15 : 61);
    to.add({.bench = "trace",
            .name = "coroutine hop on a traced executor, added",
            .unit = "ns",
            .ours = times[1] - times[0],
            .peers = {{"the bare hop", times[0]}},
            .target = bar{"ours", "<=", 45}});
    to.add({.bench = "trace",
            .name = "nested await on a traced executor, added",
            .unit = "ns",
            .ours = times[3] - times[2],
            .peers = {{"the bare await", times[2]}},
            .target = bar{"ours", "<=", 2}}); // nothing is added: what the clock tells apart
}

} // namespace bench
