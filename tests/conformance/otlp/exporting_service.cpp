// SPDX-License-Identifier: MIT
// What otlp_receiver_test.py runs: records known traces and metrics, exports them to the receiver that the environment
// names (ORFEAS_EXPORT_…), and prints what it sent and what became of it as JSON.
//
//     exporting_service TRACES
#include <orfeas/core/json.hpp>
#include <orfeas/export.hpp>
#include <orfeas/trace/tracer.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <span>
#include <string>

namespace asio = boost::asio;
namespace exporting = orfeas::exporting;
namespace metrics = orfeas::metrics;
namespace trace = orfeas::trace;
using orfeas::task;

namespace {

constexpr trace::instrumentation_scope meshing{"studio.meshing", "1.2.0"};

/// One request: a root with two stages, the second of which has a stage of its own.
void serve_request(trace::tracer& tracing, int number) {
    auto root = tracing.span("POST /generate", trace::span_kind::server);
    root.set("request.number", number);
    {
        auto decode = tracing.span("decode");
        decode.set("image.format", "png");
        decode.set("image.bytes", 123'456);
    }
    auto mesh = tracing.span("mesh", meshing);
    mesh.event("simplified", {{"triangles", 1000}});
    auto write = tracing.span("write");
    write.set("share", 0.5);
    if (number % 10 == 0) {
        write.fail("disk full");
    }
}

/// A counter and a histogram.
struct service_metrics {
    std::uint64_t requests = 0;

    void collect(metrics::family_sink sink) const {
        orfeas::label const route[] = {{"route", "/generate"}};
        auto const now = std::chrono::system_clock::now();
        metrics::point counted;
        counted.labels = route;
        counted.start = now - std::chrono::minutes{1};
        counted.number = {static_cast<double>(requests), static_cast<std::int64_t>(requests), true};
        sink({"conformance_requests_total",
              "Requests.",
              metrics::metric_type::counter,
              orfeas::unit::none,
              {&counted, 1}});
        std::uint64_t const counts[] = {1, 0, 3};
        metrics::histogram_value latency;
        latency.count = 4;
        latency.sum = 0.5;
        latency.schema = 2;
        latency.offset = -13;
        latency.counts = counts;
        metrics::point measured;
        measured.labels = route;
        measured.start = counted.start;
        measured.histogram = &latency;
        sink({"conformance_latency_seconds",
              "Latency.",
              metrics::metric_type::histogram,
              orfeas::unit::seconds,
              {&measured, 1}});
    }
};

void tell(orfeas::json_writer& out, char const* signal, exporting::export_stats const& stats) {
    out.key(signal).begin_object();
    out.member("produced", stats.produced).member("exported", stats.exported).member("dropped", stats.dropped());
    out.member("balanced", stats.is_balanced()).end_object();
}

task<> export_all(int requests, exporting::otlp_options const& options) {
    auto const executor = co_await asio::this_coro::executor;
    trace::tracer tracing;
    service_metrics counted;
    exporting::trace_exporter spans{executor, options};
    exporting::metrics_exporter numbers{executor, counted, options};
    tracing.set_sink([&spans](trace::finished_trace each) { spans.push(std::move(each)); });
    spans.start();
    numbers.start();
    for (int i = 0; i < requests; ++i) {
        serve_request(tracing, i);
        ++counted.requests;
    }
    co_await spans.stop(std::chrono::seconds{20});
    co_await numbers.stop(std::chrono::seconds{20});
    tracing.set_sink({});
    std::string text;
    orfeas::json_writer out{text};
    out.begin_object();
    tell(out, "traces", spans.stats());
    tell(out, "metrics", numbers.stats());
    out.end_object();
    std::puts(text.c_str());
}

} // namespace

int main(int count, char** arguments) {
    try {
        exporting::otlp_options given;
        given.service_name = "conformance";
        given.resource_attributes = {"deployment.environment=test"};
        auto const options = orfeas::from_environment(given);
        asio::io_context io;
        std::exception_ptr failure;
        auto work = export_all(count > 1 ? std::atoi(arguments[1]) : 1, options);
        asio::co_spawn(io, std::move(work), [&failure](std::exception_ptr thrown) { failure = thrown; });
        io.run();
        if (failure != nullptr) {
            std::rethrow_exception(failure);
        }
        return 0;
    } catch (std::exception const& error) {
        std::fprintf(stderr, "exporting_service: %s\n", error.what());
        return 1;
    }
}
