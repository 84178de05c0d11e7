// SPDX-License-Identifier: MIT

#include "cache/local.hpp"

#include <orfeas/cache/asio.hpp>
#include <orfeas/cache/local.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <cstdint>
#include <memory>
#include <utility>

namespace bench {

namespace {

namespace asio = boost::asio;
using number_cache = orfeas::cache::local<std::uint64_t, std::uint64_t>;
using flights = orfeas::cache::single_flight<number_cache>;

constexpr int callers = 10'000;
constexpr std::uint64_t cold_key = 17;
constexpr std::uint64_t answer = 4711;

struct outcomes {
    int loads = 0;
    int successes = 0;
    int cancelled = 0;
};

/// Counts itself, and gives its answer when the gate opens.
struct gated_load {
    std::shared_ptr<outcomes> seen;
    std::shared_ptr<asio::steady_timer> gate;

    asio::awaitable<std::uint64_t> operator()() {
        ++seen->loads;
        boost::system::error_code opened;
        auto token = asio::redirect_error(asio::use_awaitable, opened);
        co_await gate->async_wait(std::move(token));
        co_return answer;
    }
};

asio::awaitable<void> call(flights& subject, gated_load load) {
    auto const seen = load.seen;
    try {
        auto const value = co_await subject.get_or_load(cold_key, std::move(load));
        seen->successes += value == answer ? 1 : 0;
    } catch (boost::system::system_error const& error) {
        seen->cancelled += error.code() == asio::error::operation_aborted ? 1 : 0;
    }
}

/// Runs all that can run; timers that are not due wait on.
void settle(asio::io_context& io) {
    io.restart();
    io.poll();
}

outcomes cancel_the_first() {
    asio::io_context io;
    number_cache cache;
    flights subject{io.get_executor(), cache};
    auto const seen = std::make_shared<outcomes>();
    auto const gate = std::make_shared<asio::steady_timer>(io, asio::steady_timer::time_point::max());
    asio::cancellation_signal leave;
    asio::co_spawn(io, call(subject, {seen, gate}), asio::bind_cancellation_slot(leave.slot(), asio::detached));
    settle(io); // the load has begun
    for (int i = 1; i < callers; ++i) {
        asio::co_spawn(io, call(subject, {seen, gate}), asio::detached);
    }
    settle(io); // all of them wait
    leave.emit(asio::cancellation_type::terminal);
    settle(io);
    gate->cancel();
    settle(io);
    return *seen;
}

} // namespace

void measure_single_flight(report& to) {
    auto const seen = cancel_the_first();
    auto const add = [&](char const* what, int count, char const* op, int value) {
        to.add({.bench = "cache",
                .name = what,
                .unit = "",
                .ours = static_cast<double>(count),
                .target = bar{"ours", op, static_cast<double>(value)}});
    };
    add("10,000 callers of a cold key, leader cancelled: loads", seen.loads, "<=", 1);
    add("10,000 callers of a cold key, leader cancelled: successes", seen.successes, ">=", callers - 1);
    add("10,000 callers of a cold key, leader cancelled: cancelled", seen.cancelled, "<=", 1);
}

} // namespace bench
