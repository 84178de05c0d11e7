// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/engine.hpp>

#include <chrono>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

/// An engine, one frame a second of series that a test sets, and a receiver that takes each notification at once.
struct alert_scene {
    explicit alert_scene(std::vector<orfeas::alert::rule> rules, orfeas::alert::notifier_options options = {})
        : engine{std::move(options)} {
        engine.set_rules(std::move(rules));
        engine.add(orfeas::alert::route{.name = "people"});
    }

    orfeas::alert::frame::index add(std::string name, orfeas::alert::label_set labels = {}) {
        values.push_back(orfeas::alert::frame::absent);
        return frame.add(std::move(name), std::move(labels));
    }

    /// One frame, some time after the last, of the values that were set.
    void step(std::chrono::nanoseconds after = std::chrono::seconds{1}) {
        now += after;
        frame.begin(now);
        for (std::size_t i = 0; i < values.size(); ++i) {
            frame.set(i, values[i]);
        }
        has_changed = engine.step(frame);
        take_notifications();
    }

    void set(std::initializer_list<double> all) { values = all; }

    void take_notifications() {
        while (auto const* next = engine.next("people")) {
            for (auto const& each : next->news) {
                told.push_back(std::string{to_string(each.kind)} + ' ' + each.alert.rule + ' ' +
                               std::string{to_string(each.alert.at)});
            }
            ids.push_back(next->id);
            engine.delivered("people", ids.back());
        }
    }

    /// What was told since the last call, as "fired NAME SEVERITY", in words.
    std::vector<std::string> news() { return std::exchange(told, {}); }

    orfeas::alert::active_alert only() const { return engine.alerts().at(0); }

    orfeas::alert::engine engine;
    orfeas::alert::frame frame;
    std::vector<double> values;
    orfeas::wall_time now{std::chrono::hours{24 * 365 * 50}};
    std::vector<std::string> told;
    std::vector<std::string> ids;
    bool has_changed = false;
};
