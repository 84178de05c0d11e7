// SPDX-License-Identifier: MIT
#include "detect/limit_detector.hpp"
#include "support/catch.hpp"

#include <orfeas/detect/asio.hpp>
#include <orfeas/detect/per_metric.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <array>
#include <vector>

namespace asio = boost::asio;
using namespace orfeas::detect;
using orfeas_test::limit_detector;
using stream = verdict_stream<limit_detector>;

namespace {

sample at(int second, double value) {
    return {std::chrono::seconds{second}, value};
}

asio::awaitable<void> listen(stream& from, std::vector<judged_sample>& to, bool& has_ended) {
    while (auto const next = co_await from.next()) {
        to.push_back(*next);
    }
    has_ended = true;
}

asio::awaitable<void> listen_once(stream& from, bool& throws_after) {
    co_await from.next();
    throws_after = co_await asio::this_coro::throw_if_cancelled();
}

} // namespace

TEST_CASE("detect: who listened still learns of a cancellation as before") {
    asio::io_context io;
    stream verdicts{io.get_executor(), limit_detector{10, 1}};
    verdicts.push(at(1, 1));
    bool throws_after = false;
    asio::co_spawn(io, listen_once(verdicts, throws_after), asio::detached);
    io.run();
    CHECK(throws_after);
}

TEST_CASE("detect: who listens gets each verdict in its turn, before and after it waits") {
    asio::io_context io;
    stream verdicts{io.get_executor(), limit_detector{10, 1}};
    std::vector<judged_sample> heard;
    bool has_ended = false;
    verdicts.push(at(1, 1)); // nobody listens yet
    asio::co_spawn(io, listen(verdicts, heard, has_ended), asio::detached);
    io.poll();
    CHECK(heard.size() == 1);
    asio::post(io, [&] {
        verdicts.push(at(2, 1));
        CHECK(verdicts.push(at(3, 50)).is_anomalous());
    });
    io.poll();
    REQUIRE(heard.size() == 3);
    CHECK(heard[2].time == std::chrono::seconds{3});
    CHECK(heard[2].said.alert.phase == alert_phase::starts);
    CHECK_FALSE(has_ended);
    asio::post(io, [&] {
        verdicts.push(at(4, 50));
        verdicts.close();
        verdicts.push(at(5, 50)); // is judged, and goes to nobody
    });
    io.poll();
    CHECK(heard.size() == 4);
    CHECK(has_ended);
    CHECK(verdicts.dropped() == 0);
}

TEST_CASE("detect: a slow listener loses the oldest verdicts, and the detector no sample") {
    asio::io_context io;
    stream verdicts{io.get_executor(), limit_detector{10, 1}, 3};
    for (int i = 1; i <= 10; ++i) {
        verdicts.push(at(i, i == 5 ? 50 : 1));
    }
    CHECK(verdicts.dropped() == 7);
    verdicts.close();
    std::vector<judged_sample> heard;
    bool has_ended = false;
    asio::co_spawn(io, listen(verdicts, heard, has_ended), asio::detached);
    io.poll();
    REQUIRE(heard.size() == 3);
    CHECK(heard[0].time == std::chrono::seconds{8});
    CHECK(has_ended);
    CHECK(verdicts.judge().warm());
}

TEST_CASE("detect: a wait for a verdict can be cancelled") {
    asio::io_context io;
    stream verdicts{io.get_executor(), limit_detector{}};
    std::vector<judged_sample> heard;
    bool has_ended = false;
    asio::cancellation_signal stop;
    asio::co_spawn(io, listen(verdicts, heard, has_ended), asio::bind_cancellation_slot(stop.slot(), asio::detached));
    io.poll();
    CHECK_FALSE(has_ended);
    stop.emit(asio::cancellation_type::terminal);
    io.poll();
    CHECK(has_ended);
    CHECK(heard.empty());
}

TEST_CASE("detect: several metrics are a stream, too") {
    asio::io_context io;
    verdict_stream verdicts{io.get_executor(), per_metric{2, limit_detector{10, 1}}};
    std::array<double, 2> values{1, 1};
    verdicts.push({std::chrono::seconds{1}, values});
    values[1] = 60;
    verdicts.push({std::chrono::seconds{2}, values});
    CHECK(verdicts.push({std::chrono::seconds{3}, values}).blame.list()[0].metric == 1);
}
