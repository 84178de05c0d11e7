// SPDX-License-Identifier: MIT
//
// The metrics module against its bars, with prometheus-cpp as its peer, in a process of several threads: in one of a single
// thread glibc spares shared_ptr its atomic operations.

#include "support/allocations.hpp"
#include "support/cpu_timer.hpp"
#include "support/report.hpp"

#include <orfeas/metrics.hpp>
#include <orfeas/metrics/openmetrics_text.hpp>
#include <orfeas/metrics/prometheus_protobuf.hpp>

#include <benchmark/benchmark.h>

#if defined(ORFEAS_BENCH_HAS_PROMETHEUS_CPP)
#    include <prometheus/counter.h>
#    include <prometheus/family.h>
#    include <prometheus/gauge.h>
#    include <prometheus/histogram.h>
#    include <prometheus/registry.h>
#    include <prometheus/text_serializer.h>
#endif

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

namespace metrics = orfeas::metrics;
using bench::bar;
using bench::contender;

constexpr std::string_view suite = "metrics";

/// Keeps the process one of several threads.
class idle_thread {
  public:
    ~idle_thread() {
        {
            std::lock_guard const hold{mutex_};
            done_ = true;
        }
        changed_.notify_one();
        thread_.join();
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool done_ = false;
    std::thread thread_{[this] {
        std::unique_lock hold{mutex_};
        changed_.wait(hold, [this] { return done_; });
    }};
};

/// Durations like those of requests: 0.1 ms to 1 s.
std::array<double, 1'024> const& durations() {
    static auto const made = [] {
        std::array<double, 1'024> all{};
        for (std::size_t i = 0; i < all.size(); ++i) {
            all[i] = 1e-4 * std::pow(1e4, static_cast<double>(i * 617 % all.size()) / static_cast<double>(all.size()));
        }
        return all;
    }();
    return made;
}

constexpr std::array<std::string_view, 4> methods{"GET", "POST", "PUT", "DELETE"};
constexpr std::array<std::string_view, 4> statuses{"200", "301", "404", "500"};

/// One thread, `n` times `step(i)`.
template<class Step>
contender alone(std::string name, std::size_t n, Step step) {
    return {std::move(name), static_cast<double>(n), [n, step]() mutable {
                for (std::size_t i = 0; i < n; ++i) {
                    step(i);
                    benchmark::ClobberMemory();
                }
            }};
}

/// The same by two threads at once.
template<class Step>
contender by_two(std::string name, std::size_t n, Step step) {
    return {std::move(name), 2 * static_cast<double>(n), [n, step] {
                std::atomic<int> ready{0};
                auto work = [&ready, n, mine = step]() mutable {
                    ++ready;
                    while (ready < 2) {}
                    for (std::size_t i = 0; i < n; ++i) {
                        mine(i);
                        benchmark::ClobberMemory();
                    }
                };
                std::thread other{work};
                work();
                other.join();
            }};
}

/// What a case measures, ours first and its peers behind it.
struct lane {
    std::string name;
    double most; ///< nanoseconds
    std::vector<contender> contenders;
};

void add(bench::report& to, lane const& of, int rounds, double (*clock)()) {
    auto const times = bench::race_rounds(of.contenders, rounds, clock);
    bench::result made{.bench = std::string{suite},
                       .name = of.name,
                       .unit = "ns",
                       .ours = times.median(0),
                       .target = bar{"ours", "<=", of.most}};
    for (std::size_t i = 1; i < of.contenders.size(); ++i) {
        made.peers.emplace_back(of.contenders[i].name, times.median(i));
        made.ratios.emplace_back(of.contenders[i].name, times.ratio(i, 0));
    }
    to.add(std::move(made));
}

void measure_updates(bench::report& to, std::size_t n, int rounds) {
    metrics::registry registry;
    auto calls = registry.counter("calls_total", "Calls.", {{"a", "b"}});
    auto level = registry.gauge("level", "Level.");
    auto wait = registry.histogram("wait_seconds", "Wait.");
    auto const requests = registry.counter_family<"method", "status">("requests_total", "Requests.");
    auto const count = [calls](std::size_t) mutable { calls.add(); };
    auto const set = [level](std::size_t i) mutable { level.set(static_cast<double>(i)); };
    auto const observe = [wait](std::size_t i) mutable { wait.observe(durations()[i % 1'024]); };
    auto const look_up = [requests](std::size_t i) { requests.with(methods[i % 4], statuses[i / 4 % 4]).add(); };
    std::vector<lane> single{{"counter", 2, {alone("ours", n, count)}},
                             {"gauge", 3, {alone("ours", n, set)}},
                             {"histogram", 6, {alone("ours", n, observe)}},
                             {"label lookup and increment", 40, {alone("ours", n / 8, look_up)}}};
    std::vector<lane> shared{{"counter, shared by two threads", 4, {by_two("ours", n, count)}},
                             {"histogram, shared by two threads", 8, {by_two("ours", n, observe)}},
                             {"label lookup and increment, two threads", 60, {by_two("ours", n / 8, look_up)}}};
#if defined(ORFEAS_BENCH_HAS_PROMETHEUS_CPP)
    prometheus::Counter peer_counter;
    prometheus::Gauge peer_gauge;
    prometheus::Histogram peer_histogram{{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5}};
    prometheus::Registry peer_registry;
    auto& peer_family = prometheus::BuildCounter().Name("requests_total").Help("Requests.").Register(peer_registry);
    auto const peer_count = [&](std::size_t) { peer_counter.Increment(); };
    auto const peer_observe = [&](std::size_t i) { peer_histogram.Observe(durations()[i % 1'024]); };
    auto const peer_look_up = [&](std::size_t i) {
        peer_family.Add({{"method", std::string{methods[i % 4]}}, {"status", std::string{statuses[i / 4 % 4]}}})
            .Increment();
    };
    std::string const peer = "prometheus-cpp";
    single[0].contenders.push_back(alone(peer, n / 4, peer_count));
    single[1].contenders.push_back(alone(peer, n / 4, [&](std::size_t i) { peer_gauge.Set(static_cast<double>(i)); }));
    single[2].contenders.push_back(alone(peer, n / 8, peer_observe));
    single[3].contenders.push_back(alone(peer, n / 32, peer_look_up));
    shared[0].contenders.push_back(by_two(peer, n / 8, peer_count));
    shared[1].contenders.push_back(by_two(peer, n / 16, peer_observe));
    shared[2].contenders.push_back(by_two(peer, n / 64, peer_look_up));
#endif
    for (lane const& each : single) {
        add(to, each, rounds, bench::cpu_nanoseconds);
    }
    for (lane const& each : shared) {
        add(to, each, rounds, bench::process_cpu_nanoseconds);
    }
}

/// 100 counters of two labels and 20 histograms.
void fill(metrics::registry& registry) {
    auto const requests = registry.counter_family<"method", "path">("requests_total", "Requests.");
    for (int i = 0; i < 100; ++i) {
        requests.with(methods[static_cast<std::size_t>(i) % 4], "/path/" + std::to_string(i)).add(i);
    }
    auto const wait = registry.histogram_family<"route">("wait_seconds", "Wait.");
    for (int i = 0; i < 20; ++i) {
        auto one = wait.with("/route/" + std::to_string(i));
        for (double const value : durations()) {
            one.observe(value);
        }
    }
}

template<class Writer>
contender scrapes(std::string name, metrics::registry& registry, std::string& text) {
    return alone(std::move(name), 20, [&](std::size_t) {
        text.clear();
        Writer writer{text};
        registry.collect(writer);
        writer.finish();
    });
}

void measure_scrape(bench::report& to, int rounds) {
    metrics::registry registry;
    fill(registry);
    std::string text;
    lane prometheus{"scrape of 100 counters and 20 histograms, text",
                    100'000,
                    {scrapes<metrics::prometheus_text>("ours", registry, text)}};
#if defined(ORFEAS_BENCH_HAS_PROMETHEUS_CPP)
    prometheus::Registry peer;
    auto& counters = prometheus::BuildCounter().Name("requests_total").Help("Requests.").Register(peer);
    for (int i = 0; i < 100; ++i) {
        counters
            .Add({{"method", std::string{methods[static_cast<std::size_t>(i) % 4]}}, {"path", "/" + std::to_string(i)}})
            .Increment(i);
    }
    auto& histograms = prometheus::BuildHistogram().Name("wait_seconds").Help("Wait.").Register(peer);
    for (int i = 0; i < 20; ++i) {
        auto& one = histograms.Add(
            {{"route", "/route/" + std::to_string(i)}},
            prometheus::Histogram::BucketBoundaries{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5});
        for (double const value : durations()) {
            one.Observe(value);
        }
    }
    prometheus.contenders.push_back(alone("prometheus-cpp, 11 buckets where we have 35", 20, [&](std::size_t) {
        auto const written = prometheus::TextSerializer{}.Serialize(peer.Collect());
        benchmark::DoNotOptimize(written.data());
    }));
#endif
    add(to, prometheus, rounds, bench::cpu_nanoseconds);
    add(to, {"scrape of the same, OpenMetrics", 100'000, {scrapes<metrics::openmetrics_text>("ours", registry, text)}},
        rounds, bench::cpu_nanoseconds);
    add(to, {"scrape of the same, protobuf", 100'000, {scrapes<metrics::prometheus_protobuf>("ours", registry, text)}},
        rounds, bench::cpu_nanoseconds);
    auto const in_text = scrapes<metrics::prometheus_text>("", registry, text);
    auto const in_openmetrics = scrapes<metrics::openmetrics_text>("", registry, text);
    auto const in_protobuf = scrapes<metrics::prometheus_protobuf>("", registry, text);
    for (auto const* each : {&in_text, &in_openmetrics, &in_protobuf}) {
        each->run();
    }
    std::uint64_t const before = bench::allocations();
    in_text.run();
    in_openmetrics.run();
    in_protobuf.run();
    std::uint64_t const made = bench::allocations() - before; // not below, where the name's memory would be counted
    to.add({.bench = std::string{suite},
            .name = "allocations of 60 warm scrapes",
            .unit = "",
            .ours = static_cast<double>(made),
            .target = bar{"ours", "<=", 0}});
}

/// What an update costs while another thread scrapes without end.
void measure_update_under_scrape(bench::report& to, std::size_t n, int rounds) {
    metrics::registry registry;
    fill(registry);
    auto calls = registry.counter("calls_total", "Calls.");
    std::atomic<bool> done{false};
    std::thread scraper{[&] {
        std::string text;
        while (!done) {
            text.clear();
            registry.write_prometheus(text);
        }
    }};
    add(to,
        {"counter while another thread scrapes", 4, {alone("ours", n, [calls](std::size_t) mutable { calls.add(); })}},
        rounds, bench::cpu_nanoseconds);
    done = true;
    scraper.join();
}

void measure_accuracy(bench::report& to) {
    double worst = 0;
    for (double const value : durations()) {
        metrics::registry registry;
        auto wait = registry.histogram("wait_seconds", "Wait.");
        wait.observe(value);
        worst = std::max(worst, std::abs(wait.snapshot().quantile(0.5) / value - 1));
    }
    to.add({.bench = std::string{suite},
            .name = "worst relative error of a quantile",
            .unit = "%",
            .ours = worst * 100,
            .target = bar{"ours", "<=", 1.1}});
    metrics::registry registry;
    auto calls = registry.counter("calls_total", "Calls.");
    by_two("", 5'000'000, [calls](std::size_t) mutable { calls.add(); }).run();
    to.add({.bench = std::string{suite},
            .name = "updates missing of 10 million by two threads",
            .unit = "",
            .ours = std::abs(calls.value() - 10e6),
            .target = bar{"ours", "<=", 0}});
}

/// What the allocator is asked for and one thread's cells; also the share of keys, index and order.
void measure_memory(bench::report& to) {
    constexpr int series = 16'000;
    metrics::registry registry{{.max_series = series}};
    auto const family = registry.counter_family<"method", "path">("requests_total", "Requests.");
    std::vector<std::string> paths;
    for (int i = 0; i < series; ++i) {
        paths.push_back("/" + std::to_string(i));
    }
    std::uint64_t const before = bench::allocated_bytes();
    for (auto const& path : paths) {
        family.with("GET", path).add();
    }
    double const bytes = static_cast<double>(bench::allocated_bytes() - before) / series;
    constexpr std::size_t cells = sizeof(metrics::detail::thread_cell) + metrics::detail::cell_store::bytes_of_cell;
    double const fixed = static_cast<double>(sizeof(metrics::detail::series) + cells);
    to.add({.bench = std::string{suite},
            .name = "memory of a counter series, but labels, index and 8 bytes a thread",
            .unit = "bytes",
            .ours = fixed,
            .target = bar{"ours", "<=", 64}});
    to.add({.bench = std::string{suite},
            .name = "bytes asked for to make one of 16,000 series, with labels and index",
            .unit = "bytes",
            .ours = bytes});
}

void run(bench::report& to) {
    idle_thread const another;
    bool const quick = to.arguments().quick;
    std::size_t const n = quick ? 2'000'000 : 10'000'000;
    int const rounds = quick ? 7 : 15;
    measure_updates(to, n, rounds);
    measure_update_under_scrape(to, n, rounds);
    measure_scrape(to, rounds);
    measure_accuracy(to);
    measure_memory(to);
}

} // namespace

int main(int count, char** arguments) {
    return bench::run_program(count, arguments, "metrics", run);
}
