// SPDX-License-Identifier: MIT
#include "http/raw_server.hpp"
#include "otlp_decode.hpp"
#include "support/catch.hpp"

#include <orfeas/export.hpp>
#include <orfeas/trace/tracer.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <atomic>
#include <charconv>
#include <chrono>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace asio = boost::asio;
namespace exporting = orfeas::exporting;
namespace metrics = orfeas::metrics;
namespace trace = orfeas::trace;
using namespace std::chrono_literals;
using orfeas_test::json;
using orfeas_test::raw_client;
using orfeas_test::raw_server;

namespace {

/// Takes everything, and keeps the bodies.
class receiver {
  public:
    receiver()
        : server_{[this](raw_client& peer, int) {
              for (auto head = peer.read_head(); !head.empty(); head = peer.read_head()) {
                  std::size_t length = 0;
                  auto const at = head.find("content-length: ");
                  std::from_chars(head.data() + at + 16, head.data() + head.size(), length);
                  {
                      auto body = peer.read(length);
                      std::scoped_lock const hold{mutex_};
                      bodies_.push_back(json{{"path", head.substr(5, head.find(' ', 5) - 5)},
                                             {"body", orfeas_test::from_json(body)}});
                  }
                  peer.send("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}");
              }
          }} {}

    std::string url() const { return server_.url(); }
    std::vector<json> bodies() const {
        std::scoped_lock const hold{mutex_};
        return bodies_;
    }

  private:
    mutable std::mutex mutex_;
    std::vector<json> bodies_;
    raw_server server_;
};

exporting::otlp_options options(std::string const& url) {
    exporting::otlp_options chosen;
    chosen.endpoint = url;
    chosen.protocol = "json";
    chosen.schedule_delay = 5ms;
    chosen.metrics_interval = 5ms;
    return chosen;
}

template<class Exporter>
void stop(asio::io_context& io, Exporter& which) {
    auto done = asio::co_spawn(io, which.stop(10s), asio::use_future);
    io.run();
    done.get();
}

/// One gauge that counts how often it was asked.
struct source {
    int asked = 0;
    void collect(metrics::family_sink sink) {
        ++asked;
        metrics::point level;
        level.number = {static_cast<double>(asked), asked, true};
        sink({"asked", "", metrics::metric_type::gauge, orfeas::unit::none, {&level, 1}});
    }
};

/// What an observatory has, without its sampling.
struct observed {
    trace::tracer traces{{.service = "studio"}};
    metrics::registry registry;

    trace::tracer& tracer() { return traces; }
    metrics::registry& metrics() { return registry; }
    std::string_view service() const { return "studio"; }
    void measure(orfeas::measurement_sink sink) const {
        sink({"pool_used_bytes", orfeas::measurement_kind::gauge, orfeas::unit::bytes, 4096, {}, "Used."});
        sink({"meshes_made_total", orfeas::measurement_kind::counter, orfeas::unit::none, 9, {}, "Taken already."});
    }
};
static_assert(exporting::telemetry_source<observed> && !exporting::telemetry_source<trace::tracer>);

} // namespace

TEST_CASE("all of a source is exported: its traces, its metrics and what else it measures", "[export]") {
    receiver const collector;
    asio::io_context io;
    observed source;
    auto made = source.registry.counter("meshes_made_total", "Meshes made.");
    exporting::telemetry_exporter out{io.get_executor(), source, options(collector.url())};
    out.start();
    made.add(3);
    { auto root = source.traces.span("root"); }
    stop(io, out);
    { auto late = source.traces.span("late"); }
    CHECK(out.trace_stats().exported == 1);
    CHECK(out.metrics_stats().exported >= 2);
    std::string all;
    for (auto const& each : collector.bodies()) {
        all += each.dump() + "\n";
        CHECK(each.dump().find(R"("stringValue":["studio"])") != std::string::npos);
    }
    CHECK(all.find(R"("name":["root"])") != std::string::npos);
    CHECK(all.find(R"("name":["pool_used_bytes"])") != std::string::npos);
    CHECK(all.find(R"("asInt":["3"])") != std::string::npos); // the application's own counter
    CHECK(all.find("Taken already.") == std::string::npos);
    CHECK(all.find("late") == std::string::npos);
    int signals = 0;
    out.measure([&](orfeas::measurement const& m) { signals += m.name == "export_exported_total" ? 1 : 0; });
    CHECK(signals == 2);
}

TEST_CASE("spans of many threads arrive whole", "[export][trace_exporter]") {
    receiver const collector;
    asio::io_context io;
    trace::tracer tracing;
    exporting::trace_exporter out{io.get_executor(), options(collector.url())};
    out.start();
    tracing.set_sink([&out](trace::finished_trace each) { out.push(std::move(each)); });
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
        threads.emplace_back([&tracing] {
            for (int i = 0; i < 100; ++i) {
                auto root = tracing.span("root");
                auto child = tracing.span("child");
            }
        });
    }
    for (auto& each : threads) {
        each.join();
    }
    tracing.set_sink(nullptr); // files what is still on its way
    stop(io, out);
    CHECK(out.stats().produced == 600);
    CHECK(out.stats().exported == 600);
    CHECK(out.stats().is_balanced());
    std::size_t spans = 0;
    for (auto const& each : collector.bodies()) {
        CHECK(each["path"] == "/v1/traces");
        spans += each["body"]["resourceSpans"][0]["scopeSpans"][0]["spans"].size();
    }
    CHECK(spans == 600);
}

TEST_CASE("an exporter that does not run leaves the tracer's sink alone", "[export]") {
    receiver const collector;
    asio::io_context io;
    observed source;
    exporting::telemetry_exporter out{io.get_executor(), source, options(collector.url())};
    {
        exporting::telemetry_exporter former{io.get_executor(), source, options(collector.url())};
        former.start();
        stop(io, former);
        io.restart();
        out.start();
        exporting::telemetry_exporter const never_started{io.get_executor(), source, options(collector.url())};
    }
    { auto root = source.traces.span("root"); }
    stop(io, out);
    CHECK(out.trace_stats().exported == 1);
}

TEST_CASE("metrics go out each interval and once more at the end", "[export][metrics_exporter]") {
    receiver const collector;
    asio::io_context io;
    source from;
    exporting::metrics_exporter out{io.get_executor(), from, options(collector.url())};
    out.start();
    while (from.asked < 3) {
        io.run_one();
    }
    stop(io, out);
    auto const asked = from.asked;
    CHECK(out.stats().exported == static_cast<std::uint64_t>(asked));
    CHECK(out.stats().is_balanced());
    std::size_t points = 0;
    for (auto const& each : collector.bodies()) {
        CHECK(each["path"] == "/v1/metrics");
        points += each["body"]["resourceMetrics"].size();
    }
    CHECK(points == static_cast<std::size_t>(asked));
    io.restart();
    io.run();
    CHECK(from.asked == asked); // it is left alone
}

TEST_CASE("a metrics exporter that is not started says what there is at the end", "[export][metrics_exporter]") {
    receiver const collector;
    asio::io_context io;
    source from;
    exporting::metrics_exporter out{io.get_executor(), from, options(collector.url())};
    stop(io, out);
    CHECK(from.asked == 1);
    CHECK(out.stats().exported == 1);
}

TEST_CASE("a metrics exporter that is destroyed waits for its last collection", "[export][metrics_exporter]") {
    struct slow_source {
        std::atomic<bool> is_collected{false};
        std::atomic<bool> is_left{false};
        std::atomic<bool> ends{false};

        void collect(metrics::family_sink) {
            is_collected = true;
            while (!ends) {
                std::this_thread::yield();
            }
            for (int i = 0; i < 1'000; ++i) { // who does not wait is gone by then
                std::this_thread::yield();
            }
            is_left = true;
        }
    };
    asio::io_context io;
    auto keeps = asio::make_work_guard(io);
    slow_source from;
    auto out = std::make_unique<exporting::metrics_exporter<slow_source>>(io.get_executor(), from,
                                                                          options("http://127.0.0.1:9"));
    out->start();
    std::thread runs{[&io] { io.run(); }};
    while (!from.is_collected) {
        std::this_thread::yield();
    }
    from.ends = true;
    out.reset();
    CHECK(from.is_left);
    from.is_collected = false;
    keeps.reset();
    runs.join();
    CHECK_FALSE(from.is_collected); // none follows
}

TEST_CASE("whatever a collection throws, the next one comes, and so does the end", "[export][metrics_exporter]") {
    struct failing_source {
        int asked = 0;
        void collect(metrics::family_sink) {
            if (++asked % 2 == 0) {
                throw std::runtime_error{"no memory"};
            }
            throw asked;
        }
    };
    asio::io_context io;
    failing_source from;
    exporting::metrics_exporter out{io.get_executor(), from, options("http://127.0.0.1:9")};
    out.start();
    while (from.asked < 3 && io.run_one_for(30s) != 0) {}
    CHECK(from.asked == 3);
    stop(io, out);
    CHECK(from.asked == 4);
    CHECK(out.stats().produced == 0);
}
