// SPDX-License-Identifier: MIT

#include "trace/exporting.hpp"

#include "support/cpu_timer.hpp"
#include "trace/sink_process.hpp"

#include <orfeas/export/otlp_trace.hpp>
#include <orfeas/export/trace_exporter.hpp>
#include <orfeas/trace.hpp>

#include <benchmark/benchmark.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace bench {

namespace {

namespace asio = boost::asio;
namespace exporting = orfeas::exporting;
namespace trace = orfeas::trace;

constexpr int spans_per_trace = 10;

/// Traces of ten spans, each span finished by `attributes(span)`.
template<class Attributes>
void make_traces(trace::tracer& tracer, std::size_t count, Attributes attributes) {
    for (std::size_t i = 0; i < count; ++i) {
        auto root = tracer.root("request");
        attributes(root);
        for (int k = 1; k < spans_per_trace; ++k) {
            trace::span s{"decode"};
            attributes(s);
        }
    }
}

void five_integers(trace::span& s) {
    s.set("image.width", 640);
    s.set("image.height", 480);
    s.set("image.depth", 3);
    s.set("batch.size", 8);
    s.set("cache.hit", 1);
}

/// The shape of OpenTelemetry's own benchmark: ten attributes of twenty characters.
void ten_texts(trace::span& s) {
    static std::array<std::string, 10> const values = [] {
        std::array<std::string, 10> made;
        for (std::size_t i = 0; i < made.size(); ++i) {
            made[i] = "a value of 20 chars" + std::to_string(i);
        }
        return made;
    }();
    s.set("attribute.number.one", values[0]);
    s.set("attribute.number.two", values[1]);
    s.set("attribute.number.tre", values[2]);
    s.set("attribute.number.fou", values[3]);
    s.set("attribute.number.fiv", values[4]);
    s.set("attribute.number.six", values[5]);
    s.set("attribute.number.sev", values[6]);
    s.set("attribute.number.eig", values[7]);
    s.set("attribute.number.nin", values[8]);
    s.set("attribute.number.ten", values[9]);
}

void measure_encoding(report& to, int rounds) {
    constexpr std::size_t traces = 50; // what a batch of the exporter may hold and the caches do
    std::vector<trace::finished_trace> batch;
    trace::tracer tracer;
    tracer.set_sink([&](trace::finished_trace each) { batch.push_back(std::move(each)); });
    make_traces(tracer, traces, five_integers);
    tracer.set_sink(nullptr);
    std::string body;
    constexpr int passes = 20;
    double const spans = static_cast<double>(traces) * spans_per_trace;
    exporting::trace_signal const signal;
    auto const times = race({{"encode", spans * passes,
                              [&] {
                                  for (int pass = 0; pass < passes; ++pass) {
                                      body.clear();
                                      signal.encode(batch, exporting::otlp_encoding::protobuf, body);
                                      benchmark::DoNotOptimize(body.data());
                                  }
                              }}},
                            rounds);
    to.add({.bench = "trace",
            .name = "OTLP, a span with 5 integers encoded",
            .unit = "ns",
            .ours = times[0],
            .target = bar{"ours", "<=", 60}});
    to.add({.bench = "trace",
            .name = "OTLP, bytes of that span",
            .unit = "B",
            .ours = static_cast<double>(body.size()) / spans,
            .target = bar{"ours", "<=", 190}});
}

void measure_pipeline(report& to, sink_process const& sink, std::size_t traces) {
    asio::io_context io;
    auto guard = asio::make_work_guard(io);
    std::thread runner{[&io] { io.run(); }};
    exporting::otlp_options options;
    options.endpoint = sink.url();
    options.schedule_delay = std::chrono::milliseconds{50};
    exporting::trace_exporter out{io.get_executor(), options};
    out.start();
    double cpu = 0;
    {
        trace::tracer tracer{{.stored_traces = 10, .exported_traces = 20'000, .exported_bytes = 1U << 28U}};
        tracer.set_sink([&](trace::finished_trace each) { out.push(std::move(each)); });
        auto const begin = process_cpu_nanoseconds();
        for (std::size_t made = 0; made < traces; made += 500) { // no faster than is exported, as a service has it
            make_traces(tracer, 500, ten_texts);
            while (out.stats().produced - out.stats().exported - out.stats().dropped() > 8000) {
                std::this_thread::sleep_for(std::chrono::milliseconds{1});
            }
        }
        tracer.set_sink(nullptr);
        auto done = asio::co_spawn(io, out.stop(std::chrono::seconds{10}), asio::use_future);
        done.get();
        cpu = process_cpu_nanoseconds() - begin;
    }
    guard.reset();
    runner.join();
    auto const stats = out.stats();
    if (stats.exported != traces * spans_per_trace) {
        throw std::runtime_error{"the sink took " + std::to_string(stats.exported) + " of " +
                                 std::to_string(traces * spans_per_trace) + " spans"};
    }
    to.add({.bench = "trace",
            .name = "a span with 10 texts made and exported",
            .unit = "us",
            .ours = cpu / 1e3 / static_cast<double>(stats.exported),
            .target = bar{"ours", "<=", 1.5}});
}

} // namespace

void measure_exporting(report& to) {
    bool const quick = to.arguments().quick;
    sink_process const sink;
    measure_encoding(to, quick ? 11 : 41);
    measure_pipeline(to, sink, quick ? 10'000 : 50'000);
}

} // namespace bench
