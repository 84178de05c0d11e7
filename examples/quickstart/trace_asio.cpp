// SPDX-License-Identifier: MIT
// The current span survives co_await: two requests take turns on one thread, and each keeps its own trace.
#include <orfeas/trace.hpp>
#include <orfeas/trace/asio.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdio>

namespace asio = boost::asio;
namespace trace = orfeas::trace;

asio::awaitable<void> handler() {
    trace::span s{"decode"};
    asio::steady_timer timer{co_await asio::this_coro::executor, std::chrono::milliseconds{2}};
    co_await timer.async_wait(asio::use_awaitable); // the other request runs here
    trace::span below{"encode"};
}

int main() {
    asio::io_context io;
    trace::tracer tracer;
    asio::co_spawn(io, trace::run_traced(tracer, std::nullopt, "GET /a", handler()), asio::detached);
    asio::co_spawn(io, trace::run_traced(tracer, std::nullopt, "GET /b", handler()), asio::detached);
    io.run();
    for (auto const& summary : tracer.store().recent(10)) {
        auto const whole = tracer.store().find(summary.id).value();
        for (auto const& s : whole.spans) {
            std::printf("%s%s: %.2f ms\n", s.parent ? "  " : "", s.name.c_str(), double(s.duration.count()) / 1e6);
        }
    }
}
