// SPDX-License-Identifier: MIT
#include <orfeas/memory.hpp>
#include <orfeas/observatory.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <iostream>

orfeas::task<void> work(orfeas::observatory& obs, orfeas::memory::pool& pool) {
    {
        auto const span = obs.tracer().span("work");
        orfeas::memory::buffer<float> block{pool, 1 << 20};
        obs.metrics().counter("blocks_total", "Blocks worked on.").add();
    }
    co_await obs.stop(); // after the last frame, so that io.run() returns
}

int main() {
    using namespace std::chrono_literals;
    boost::asio::io_context io;
    orfeas::observatory obs{io.get_executor(), {.service = "quickstart"}};
    orfeas::memory::pool pool{orfeas::memory::best_device()};
    obs.watch("pool", pool);
    // docs: begin rule
    obs.alerts().add(orfeas::alert::rule{.name = "queue_long", .expr = "queue_length > 100", .pending_for = 30s});
    obs.alerts().subscribe({.name = "people", .at_least = orfeas::alert::severity::warning},
                           [](auto const& told) { std::cout << told.news[0].alert.rule << '\n'; });
    // docs: end rule
    boost::asio::co_spawn(io, work(obs, pool), boost::asio::detached);
    io.run();
    obs.sampler().sample();
    obs.sampler().with_history([](orfeas::observe::history const& kept) {
        kept.for_each([&](auto const& series, auto const& at) {
            std::cout << series.key << " = " << at(kept.last_seq()) << '\n';
        });
    });
    for (auto const& each : obs.tracer().store().recent(1)) {
        std::cout << "trace: " << each.name << '\n';
    }
}
