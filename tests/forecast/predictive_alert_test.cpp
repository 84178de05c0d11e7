// SPDX-License-Identifier: MIT
#include "forecast/random.hpp"
#include "support/catch.hpp"

#include <orfeas/forecast/predictive_alert.hpp>

#include <chrono>
#include <cstddef>

using namespace orfeas::forecast;
using namespace std::chrono_literals;

namespace {

critical_estimate left(double minutes, double confidence = 0.9) {
    critical_estimate made;
    made.reason = abstention::none;
    made.minutes = minutes;
    made.low = minutes / 2;
    made.high = minutes * 2;
    made.confidence = confidence;
    return made;
}
critical_estimate reached() {
    auto made = left(0, 1);
    made.reached = true;
    return made;
}

/// Feeds an alert a forecast every 10 s.
struct stream {
    predictive_alert alert{};
    std::chrono::nanoseconds now = 1h;

    alert_answer next(critical_estimate const& said) { return alert.update(now += 10s, said); }
    alert_phase last_of(critical_estimate const& said, std::chrono::nanoseconds for_) {
        auto phase = alert_phase::none;
        for (auto const end = now + for_; now < end;) {
            auto const each = next(said).phase;
            phase = each == alert_phase::starts || each == alert_phase::ends ? each : phase;
        }
        return phase;
    }
};

} // namespace

TEST_CASE("forecast: an alert starts after the persistence and ends after the hold") {
    stream s;
    CHECK_FALSE(s.next(left(20)));
    CHECK_FALSE(s.next(left(20)));
    auto const begun = s.next(left(20));
    CHECK(begun.phase == alert_phase::starts);
    CHECK(begun.id == 1);
    CHECK(s.next({}).phase == alert_phase::continues);
    CHECK(s.last_of({}, 9min) == alert_phase::none);
    CHECK(s.next(left(20)).phase == alert_phase::continues); // the hold begins anew
    CHECK(s.last_of({}, 10min) == alert_phase::ends);
    CHECK_FALSE(s.next({}));
}

TEST_CASE("forecast: no alert for what is far, unsure or interrupted") {
    stream s;
    for (int i = 0; i < 100; ++i) {
        CHECK_FALSE(s.next(left(26)));
    }
    for (int i = 0; i < 100; ++i) {
        CHECK_FALSE(s.next(left(20, 0.74)));
    }
    for (int i = 0; i < 100; ++i) {
        CHECK_FALSE(s.next(i % 2 == 0 ? left(20) : critical_estimate{}));
    }
    CHECK(s.alert.record().raised == 0);
}

TEST_CASE("forecast: an alert keeps what it said and learns what came") {
    stream s;
    s.last_of(left(20), 1min);
    CHECK(s.alert.size() == 1);
    CHECK(s.alert.past(0).outcome == alert_outcome::open);
    CHECK(s.alert.past(0).minutes == 20);
    s.last_of(left(15), 15min);
    auto const end = s.next(reached());
    CHECK(end.phase == alert_phase::ends);
    CHECK(end.id == 1);
    CHECK(s.alert.past(0).outcome == alert_outcome::right);
    CHECK(s.alert.past(0).lead_minutes == Approx(15.7).margin(0.4));
    CHECK(s.alert.record().precision == 1);
    CHECK(s.alert.record().mean_lead_minutes == s.alert.past(0).lead_minutes);
    CHECK_FALSE(s.next(reached())); // a level that stays reached is no new forecast
}

TEST_CASE("forecast: an alert that nothing followed is wrong after the grace") {
    stream s;
    s.last_of(left(20), 1min);
    s.last_of({}, 58min);
    CHECK(s.alert.record().wrong == 0);
    s.last_of({}, 3min);
    CHECK(s.alert.record().wrong == 1);
    CHECK(s.alert.past(0).outcome == alert_outcome::wrong);
    CHECK(s.alert.record().precision == 0);
    s.next(reached()); // too late to count
    CHECK(s.alert.record().right == 0);
}

TEST_CASE("forecast: who has cried wolf needs a clearer case, and is trusted again after days") {
    stream s;
    s.last_of(left(20, 0.8), 1min);
    s.last_of({}, 2h);
    CHECK(s.last_of(left(20, 0.8), 1h) == alert_phase::none); // 0.8 * 8 / 9 is below 0.75
    CHECK(s.last_of(left(20, 0.9), 1min) == alert_phase::starts);
    s.last_of({}, 2h);
    s.last_of({}, 96h);
    CHECK(s.last_of(left(20, 0.8), 1min) == alert_phase::starts);
}

TEST_CASE("forecast: the last alerts are kept, newest first") {
    stream s;
    for (std::size_t i = 1; i <= predictive_alert::kept + 6; ++i) {
        s.last_of(left(10 + static_cast<double>(i) / 100, 1), 1min);
        s.last_of({}, 11min);
        s.last_of({}, 240h); // all is forgiven
    }
    CHECK(s.alert.size() == predictive_alert::kept);
    CHECK(s.alert.record().raised == predictive_alert::kept + 6);
    CHECK(s.alert.past(0).id == predictive_alert::kept + 6);
    CHECK(s.alert.past(predictive_alert::kept - 1).id == 7);
    CHECK(s.alert.record().wrong == predictive_alert::kept + 6);
}

TEST_CASE("forecast: more undecided alerts than are kept") {
    predictive_alert_options options;
    options.grace = std::chrono::minutes{100'000};
    options.hold = 0min;
    options.persistence = 0s;
    options.trust = 1e9;
    stream s{predictive_alert{options}};
    for (int i = 0; i < 200; ++i) {
        s.next(left(10, 1));
        s.next({});
    }
    CHECK(s.alert.record().raised == 200);
    s.next(reached());
    CHECK(s.alert.record().right == predictive_alert::kept);
}

TEST_CASE("forecast: times that stand still or step back pass no time") {
    stream s;
    for (int i = 0; i < 5; ++i) {
        CHECK_FALSE(s.alert.update(1h, left(20)));
    }
    CHECK_FALSE(s.alert.update(30min, left(20)));
    CHECK(s.alert.update(1h + 1min, left(20)).phase == alert_phase::starts);
}

TEST_CASE("forecast: a predictive alert is saved, loaded and continued without a difference") {
    auto const feed = [](predictive_alert& alert, std::size_t i) {
        auto const said = i % 300 < 40 ? left(20, 0.99) : i % 1'000 == 70 ? reached() : critical_estimate{};
        alert.update(i * 10s, said);
    };
    CHECK(orfeas_test::goes_on_after_load(predictive_alert{}, 3'010, feed));
    predictive_alert full;
    for (std::size_t i = 0; i < 1'000; ++i) {
        feed(full, i);
    }
    CHECK(full.record().right == 1);
    CHECK(orfeas_test::refuses_damage(full, predictive_alert{}));
    full.reset();
    CHECK(orfeas_test::saved(full) == orfeas_test::saved(predictive_alert{}));
}

TEST_CASE("forecast: names of phases and outcomes; options are checked") {
    CHECK(to_string(alert_phase::starts) == "starts");
    CHECK(to_string(alert_outcome::wrong) == "wrong");
    predictive_alert_options options;
    options.confidence = 1.5;
    CHECK_THROWS_AS(predictive_alert{options}, orfeas::option_error);
}

TEST_CASE("forecast: an alert that something was done about is neither right nor wrong") {
    stream s;
    s.last_of(left(20), 1min);
    REQUIRE(s.alert.record().raised == 1);
    s.alert.avert();
    CHECK(s.alert.past(0).outcome == alert_outcome::averted);
    CHECK_FALSE(s.next({})); // it is over at once
    CHECK(s.last_of({}, 2h) == alert_phase::none);
    CHECK_FALSE(s.next(reached()));
    auto const record = s.alert.record();
    CHECK(record.averted == 1);
    CHECK(record.right == 0);
    CHECK(record.wrong == 0);
    CHECK(s.last_of(left(20), 1min) == alert_phase::starts); // no doubt has grown
    CHECK(s.alert.past(0).confidence == 0.9);
}
