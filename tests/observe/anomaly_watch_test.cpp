// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/detect/outlier_detector.hpp>
#include <orfeas/observe/anomaly_watch.hpp>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace orfeas;
using namespace std::chrono_literals;

namespace {

/// An alert as long as a value is above a limit: what a watch makes of alerts does not depend on how they are found.
class limit_judge {
  public:
    static constexpr state_kind kind{"limit_judge", 1};

    detect::verdict update(detect::sample const& each) {
        ++seen_;
        detect::verdict made;
        made.state = detect::verdict_state::normal;
        made.expected = 5;
        made.low = 0;
        made.high = 10;
        made.confidence = 0.8;
        bool const is_above = each.value > 10;
        if (is_above || open_) {
            last_id_ += open_ ? 0U : 1U;
            made.alert = {last_id_, is_above ? open_ ? detect::alert_phase::continues : detect::alert_phase::starts
                                             : detect::alert_phase::ends};
            made.score = is_above ? detect::score_of(each.value, 10) : 0.1;
            made.family = detect::anomaly_family::spike;
            open_ = is_above;
        }
        return made;
    }
    bool warm() const noexcept { return seen_ > 0; }
    void reset() { *this = {}; }
    void save(state_writer& out) const { save_state(out, kind, 0, *this); }
    std::error_code load(state_reader& in) { return load_state(in, kind, 0, *this); }
    static void state(auto& self, auto&& io) { io(self.seen_, self.last_id_, self.open_); }
    bool valid() const noexcept { return true; }

  private:
    std::uint64_t seen_ = 0;
    std::uint64_t last_id_ = 0;
    bool open_ = false;
};
static_assert(detect::detector<limit_judge>);

template<class Judge>
struct feed {
    explicit feed(observe::anomaly_options const& options) : watch{options} {}

    void frame(std::vector<std::pair<std::string, double>> const& values) {
        frames.begin_frame(wall_time{1s * ++second});
        for (auto const& each : values) {
            frames.set(each.first, each.second, [&] {
                auto const name = each.first.substr(0, each.first.find('{'));
                return observe::series{{}, name, {}, measurement_kind::gauge, unit::milliseconds, {}};
            });
        }
        watch.take(frames);
    }

    std::int64_t second = 1'000;
    observe::history frames{10};
    observe::anomaly_watch<Judge> watch;
};

using limits = feed<limit_judge>;

} // namespace

TEST_CASE("observe: an anomaly lasts from the begin of an alert to its end, and keeps the worst of it") {
    limits from{{.series = "latency_ms"}};
    from.frame({{"latency_ms", 5}, {"other", 500}});
    CHECK(from.watch.report().anomalies.empty());
    from.frame({{"latency_ms", 20}});
    from.frame({{"latency_ms", 90}});
    from.frame({{"latency_ms", 30}});
    auto const during = from.watch.active();
    REQUIRE(during.size() == 1);
    CHECK(during[0].is_active);
    CHECK(during[0].end == wall_time{1'004s});
    from.frame({{"latency_ms", 4}});
    CHECK(from.watch.active().empty());
    auto const after = from.watch.report();
    CHECK(after.total == 1);
    CHECK(after.active == 0);
    CHECK(after.series == 1);
    CHECK(after.warm == 1);
    REQUIRE(after.anomalies.size() == 1);
    auto const& found = after.anomalies[0];
    CHECK(found.id == 1);
    CHECK(found.key == "latency_ms");
    CHECK(found.begin == wall_time{1'002s});
    CHECK(found.end == wall_time{1'005s});
    CHECK(found.value == 90);
    CHECK(found.score == 0.9);
    CHECK(found.family == detect::anomaly_family::spike);
    CHECK(to_text(found) == "latency_ms was 90 ms where 0 ms to 10 ms is usual (spike)");
}

TEST_CASE("observe: the reason of an anomaly is told as people would") {
    observe::anomaly found;
    found.key = "cache_bytes";
    found.unit = unit::bytes;
    found.family = detect::anomaly_family::outlier;
    found.value = 3.0 * (1 << 30);
    found.low = 1.0 * (1 << 20);
    found.high = 1.5 * (1 << 20);
    CHECK(to_text(found) == "cache_bytes was 3 GiB where 1 MiB to 1.5 MiB is usual (outlier)");
    found.value = 1.25 * (1 << 20);
    CHECK(to_text(found) ==
          "cache_bytes took a course that is not usual, at 1.2 MiB within 1 MiB to 1.5 MiB (outlier)");
    found.low = found.high = found.expected = 2.0 * (1 << 20);
    found.family = detect::anomaly_family::spike;
    CHECK(to_text(found) == "cache_bytes was 1.2 MiB where 2 MiB is usual (spike)");
    found.unit = unit::ratio;
    found.value = 0.987654;
    found.expected = 0.5;
    found.low = found.high = 0.5;
    CHECK(to_text(found) == "cache_bytes was 98.8 % where 50 % is usual (spike)");
    found.unit = unit::seconds;
    found.value = 0.012;
    found.low = found.high = found.expected = 12'345;
    CHECK(to_text(found) == "cache_bytes was 12 ms where 12345 s is usual (spike)");
    found.value = std::nan("");
    CHECK_THAT(to_text(found), orfeas_test::contains("unknown"));
}

TEST_CASE("observe: series are judged by name or by key, each on its own, up to the limit") {
    limits from{{.series = "a, b{x=\"1,2\"}", .most_series = 3}};
    from.frame({{"a{x=\"1\"}", 50}, {"a{x=\"2\"}", 50}, {"b{x=\"1,2\"}", 50}, {"b{x=\"3\"}", 50}, {"c", 50}});
    CHECK(from.watch.report().active == 3);
    from.watch.watch("c");
    from.frame({{"a{x=\"1\"}", 50}, {"c", 50}});
    CHECK(from.watch.report().series_refused == 1);
    CHECK(from.watch.report().series == 3);
    limits all{{.series = "*"}};
    all.frame({{"a", 50}, {"b", 50}});
    CHECK(all.watch.report().active == 2);
}

TEST_CASE("observe: the newest anomalies come first, and only so many past ones are kept") {
    limits from{{.series = "a", .kept = 3}};
    for (int i = 0; i < 10; ++i) {
        from.frame({{"a", 50 + i}});
        from.frame({{"a", 1}});
    }
    auto const report = from.watch.report();
    CHECK(report.total == 10);
    REQUIRE(report.anomalies.size() == 3);
    CHECK(report.anomalies.front().id == 10);
    CHECK(report.anomalies.back().id == 8);
}

TEST_CASE("observe: a series that the frames forget is forgotten") {
    limits from{{.series = "*"}};
    from.frame({{"gone", 1}, {"stays", 1}});
    for (int i = 0; i < 30; ++i) {
        from.frame({{"stays", 1}});
    }
    CHECK(from.watch.report().series == 1);
}

TEST_CASE("observe: a saved watch goes on with its detectors, its anomalies and their numbers") {
    limits first{{.series = "*"}};
    first.frame({{"a", 50}, {"b", 1}});
    std::vector<std::byte> saved;
    first.watch.save(saved);
    limits second{{.series = "*"}};
    second.second = first.second;
    REQUIRE(second.watch.load(saved));
    REQUIRE(second.watch.active().size() == 1);
    CHECK(second.watch.active()[0].id == 1);
    second.frame({{"a", 60}, {"b", 30}});
    auto const report = second.watch.report();
    CHECK(report.total == 2); // that of a goes on
    CHECK(report.anomalies[0].key == "b");
    CHECK(report.anomalies[1].value == 60);
    second.frame({{"a", 1}, {"b", 1}});
    CHECK(second.watch.active().empty());
}

TEST_CASE("observe: a watch refuses bytes that are not its own; a detector of another kind is learned anew") {
    limits from{{.series = "*"}};
    from.frame({{"a", 50}});
    std::vector<std::byte> saved;
    from.watch.save(saved);
    limits other{{.series = "*"}};
    other.frame({{"b", 50}});
    for (std::size_t size = 0; size < saved.size(); ++size) {
        REQUIRE_FALSE(other.watch.load(std::span{saved}.first(size)));
    }
    CHECK(other.watch.active()[0].key == "b");
    observe::anomaly_watch<detect::outlier_detector> outliers{{.series = "*"}};
    REQUIRE(outliers.load(saved));
    CHECK(outliers.report().series == 0);
    CHECK(outliers.report().total == 1);
    CHECK(outliers.active().empty()); // nobody is left to end it
}

TEST_CASE("observe: a real detector finds what is unlike the frames before it") {
    feed<detect::outlier_detector> from{{.series = "latency_ms"}};
    std::mt19937_64 random{5};
    std::normal_distribution<> noise{20, 1};
    for (int i = 0; i < 1'200; ++i) {
        from.frame({{"latency_ms", noise(random)}});
    }
    auto const before = from.watch.report().total;
    for (int i = 0; i < 30; ++i) {
        from.frame({{"latency_ms", 200 + noise(random)}});
    }
    auto const report = from.watch.report();
    REQUIRE(report.total == before + 1);
    CHECK(report.anomalies[0].value > 190);
    CHECK(report.anomalies[0].low > 10);
    CHECK(report.anomalies[0].high < 30);
    CHECK(report.anomalies[0].score >= 0.5);
}

TEST_CASE("observe: frames without a value are none to a judge, and options are checked") {
    feed<detect::outlier_detector> from{{.series = "a"}};
    for (int i = 0; i < 400; ++i) {
        from.frame({{"a", i % 3 == 0 ? std::nan("") : 1.0 + i % 5}});
    }
    CHECK(from.watch.report().warm == 0); // 267 values of the 300 that it needs
    CHECK_THROWS_WITH(observe::anomaly_watch<limit_judge>({.kept = 0}), orfeas_test::contains("kept"));
}

TEST_CASE("observe: an anomaly does not end before it begins when the clock is set back, and keeps the worst of it") {
    limits from{{.series = "latency_ms"}};
    from.frame({{"latency_ms", 5}});
    from.frame({{"latency_ms", 90}});
    from.second -= 500;
    from.frame({{"latency_ms", 20}});
    auto const found = from.watch.active();
    REQUIRE(found.size() == 1);
    CHECK(found[0].begin <= found[0].end);
    CHECK(found[0].end == wall_time{1s * from.second});
    CHECK(found[0].value == 90);
}
