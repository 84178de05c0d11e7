// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/active_alert.hpp>
#include <orfeas/alert/notification.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/export/outlet_step.hpp>

#include <chrono>
#include <string>
#include <utility>

/// What the tests of the outlets of alerts are about.
namespace orfeas_test {

inline orfeas::wall_time const origin{std::chrono::seconds{1'700'000'000}};

inline orfeas::alert::active_alert firing(std::string rule,
                                          orfeas::alert::severity at = orfeas::alert::severity::warning) {
    orfeas::alert::active_alert made;
    made.rule = rule;
    made.at = at;
    made.state = orfeas::alert::alert_state::firing;
    orfeas::alert::set_label(made.labels, "alertname", rule);
    orfeas::alert::set_label(made.labels, "severity", to_string(at));
    orfeas::alert::set_label(made.annotations, "summary", rule + " fires");
    made.fingerprint = orfeas::alert::fingerprint(made.labels);
    made.value = 96;
    made.threshold = 95;
    made.active_at = origin - std::chrono::seconds{3};
    made.fired_at = origin;
    return made;
}

inline orfeas::alert::notification told(std::string id, orfeas::alert::active_alert of = firing("full")) {
    orfeas::alert::notification made;
    made.id = std::move(id);
    made.time = origin;
    orfeas::alert::set_label(made.group, "alertname", orfeas::alert::value_of(of.labels, "alertname"));
    made.news.push_back({orfeas::alert::news_kind::fired, of.at, "it fires", std::move(of)});
    return made;
}

/// Both clocks of a test, moved by hand.
struct hands {
    orfeas::exporting::moment at{orfeas::monotonic_time{std::chrono::hours{1}}, origin};

    hands& pass(std::chrono::nanoseconds time) {
        at.now += time;
        at.wall += std::chrono::duration_cast<orfeas::wall_time::duration>(time);
        return *this;
    }
};

} // namespace orfeas_test
