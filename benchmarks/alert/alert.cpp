// SPDX-License-Identifier: MIT
//
// What alert rules cost a frame, and how long it takes from a metric that crosses its threshold to who is told.

#include "support/allocations.hpp"
#include "support/cpu_timer.hpp"
#include "support/report.hpp"

#include <orfeas/alert/default_rules.hpp>
#include <orfeas/alert/engine.hpp>
#include <orfeas/observe/alert_watch.hpp>
#include <orfeas/observe/sampler.hpp>
#include <orfeas/observe/sampling_loop.hpp>

#include <benchmark/benchmark.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bench {

namespace {

namespace alert = orfeas::alert;
using namespace std::chrono_literals;

/// The frames of a service: the series that an observatory has of a pool, a cache, a server and three exporters, and 200 of the
/// application's own.
class service {
  public:
    service() {
        for (auto const* const name : {"memory_allocated_bytes", "memory_total_bytes", "memory_stranded_ratio"}) {
            add(name, name == std::string_view{"memory_total_bytes"} ? 1'000 : 0.01, {{"component", "pool"}});
        }
        add("process_cpu_cores", 4);
        add("http_request_p95_ms", 20);
        add("process_cpu_seconds_total", 0, {}, 0.5);
        add("http_application_requests_total", 0, {}, 100);
        add("http_errors_total", 0, {}, 0.1);
        add("cache_hit_ratio", 0.9, {{"component", "meshes"}});
        add("runtime_executor_lag_seconds", 0.001, {{"kind", "timer"}, {"stat", "p99"}});
        for (int i = 0; i < 3; ++i) {
            add("cache_node_connected", 1, {{"component", "meshes"}, {"node", std::to_string(i)}});
            add("export_dropped_total", 0, {{"component", "otlp"}, {"signal", std::to_string(i)}});
        }
        for (int i = 0; i < 200; ++i) {
            add("own_" + std::to_string(i), 1, {{"instance", "a"}});
        }
    }

    /// The next second: everything is well.
    alert::frame const& next() {
        now_ += 1s;
        frame_.begin(now_);
        auto const seconds = static_cast<double>(++frames_);
        double const noise = static_cast<double>(now_.time_since_epoch().count() % 7) * 0.001;
        for (std::size_t i = 0; i < frame_.size(); ++i) {
            frame_.set(i, well_[i] + (frame_.about(i).name.ends_with("_total") ? growth_[i] * seconds : noise));
        }
        return frame_;
    }

  private:
    void add(std::string name, double well, alert::label_set labels = {}, double growth = 0) {
        growth_.push_back(growth);
        frame_.add(std::move(name), std::move(labels));
        well_.push_back(well);
    }

    alert::frame frame_;
    std::vector<double> well_;
    std::vector<double> growth_; // a second, of counters
    std::uint64_t frames_ = 0;
    orfeas::wall_time now_{std::chrono::hours{400'000}};
};

/// A thousand rules as people write them: thresholds with levels, ratios, and one in ten with a window.
std::vector<alert::rule> many_rules() {
    std::vector<alert::rule> made;
    for (int i = 0; i < 1'000; ++i) {
        std::string const metric = "own_" + std::to_string(i % 200);
        alert::rule each{.name = "rule_" + std::to_string(i), .expr = metric};
        switch (i % 10) {
        case 0:
            each.expr = "rate(" + metric + "[5m]) > 100";
            break;
        case 1:
        case 2:
            each.expr = metric + " / own_" + std::to_string((i + 1) % 200) + " > 2";
            break;
        case 3:
            each.expr = metric + " > 5 and own_" + std::to_string((i + 1) % 200) + " < 3";
            break;
        default:
            each.levels = {{alert::severity::warning, 10, 8}, {alert::severity::critical, 20}};
        }
        made.push_back(std::move(each));
    }
    return made;
}

void measure_rules(report& to, std::string const& name, std::vector<alert::rule> rules, double most_ns,
                   std::size_t count) {
    alert::engine engine;
    engine.set_rules(std::move(rules));
    engine.add(alert::route{.name = "people"});
    service from;
    for (int i = 0; i < 700; ++i) { // windows are full
        engine.step(from.next());
    }
    auto const all = [&] {
        for (std::size_t i = 0; i < count; ++i) {
            benchmark::DoNotOptimize(engine.step(from.next()));
        }
    };
    service alone;
    auto const frames = [&] {
        for (std::size_t i = 0; i < count; ++i) {
            benchmark::DoNotOptimize(alone.next());
        }
    };
    std::uint64_t const before = allocations();
    all();
    auto const made = static_cast<double>(allocations() - before);
    auto const operations = static_cast<double>(count);
    auto const times = race({{"rules", operations, all}, {"frames", operations, frames}}, 9);
    to.add({.bench = "alert",
            .name = name + " on a frame",
            .unit = "ns",
            .ours = times[0] - times[1],
            .target = bar{"ours", "<=", most_ns}});
    to.add({.bench = "alert",
            .name = name + ", allocations when nothing changes",
            .unit = "",
            .ours = made,
            .target = bar{"ours", "<=", 0}});
}

/// A metric crosses its threshold at any moment; frames are taken once a second.
class crossing {
  public:
    explicit crossing(int times) : times_{times} {
        watch_.set_rules({{.name = "high", .expr = "value > 0.5"}});
        watch_.subscribe({.name = "people"}, [this](alert::notification const& told) {
            if (told.news.at(0).kind == alert::news_kind::fired && crossed_) {
                delays_.push_back(std::chrono::duration<double>{std::chrono::steady_clock::now() - *crossed_}.count());
                crossed_.reset();
            }
        });
        sampler_.add_source([this](orfeas::measurement_sink sink) {
            sink({"value", orfeas::measurement_kind::gauge, orfeas::unit::none, crossed_ ? 1.0 : 0.0, {}, ""});
        });
        sampler_.add_listener([this](orfeas::observe::history const& frames) { watch_.take(frames); });
    }

    /// Seconds from crossing to the call, each.
    std::vector<double> run() {
        loop_.start();
        boost::asio::co_spawn(io_, cross(), boost::asio::detached);
        io_.run();
        return delays_;
    }

  private:
    boost::asio::awaitable<void> cross() {
        std::mt19937 random{1};
        boost::asio::steady_timer timer{io_};
        for (int i = 0; i < times_; ++i) {
            timer.expires_after(1'100ms + std::chrono::milliseconds{random() % 1'000}); // it was told that it is over
            co_await timer.async_wait(boost::asio::use_awaitable);
            crossed_ = std::chrono::steady_clock::now();
            while (crossed_) {
                timer.expires_after(1ms);
                co_await timer.async_wait(boost::asio::use_awaitable);
            }
        }
        co_await loop_.stop();
    }

    int times_;
    boost::asio::io_context io_;
    orfeas::observe::alert_watch watch_{{.warning_cooldown = 0s}};
    orfeas::observe::sampler<> sampler_;
    orfeas::observe::sampling_loop loop_{io_.get_executor(), 1s, [this] { sampler_.sample(); }};
    std::optional<std::chrono::steady_clock::time_point> crossed_;
    std::vector<double> delays_;
};

} // namespace

} // namespace bench

int main(int count, char** arguments) {
    return bench::run_program(count, arguments, "alert", [](bench::report& report) {
        bool const is_quick = report.arguments().quick;
        bench::measure_rules(report, "the ten default alerts", orfeas::alert::default_rules(), 5'000, 20'000);
        bench::measure_rules(report, "1,000 rules", bench::many_rules(), 1'000'000, is_quick ? 200 : 1'000);
        auto const delays = bench::crossing{is_quick ? 10 : 40}.run();
        report.add({.bench = "alert",
                    .name = "from crossing to the call, the longest of " + std::to_string(delays.size()),
                    .unit = "s",
                    .ours = *std::max_element(delays.begin(), delays.end()),
                    .target = bench::bar{"ours", "<=", 1.5}});
    });
}
