// SPDX-License-Identifier: MIT
#include <orfeas/alert.hpp>

#include <chrono>
#include <iostream>

int main() {
    namespace alert = orfeas::alert;
    using namespace std::chrono_literals;
    alert::engine alerts;
    // docs: begin rule
    alerts.add(alert::rule{.name = "queue_long",
                           .expr = "queue_length",
                           .levels = {{alert::severity::warning, 100, 80}, {alert::severity::critical, 500}},
                           .pending_for = 3s,
                           .annotations = {{"summary", "{{ $value }} wait in queue {{ $labels.queue }}"}}});
    // docs: end rule
    alerts.add(alert::route{.name = "people", .at_least = alert::severity::warning});
    alert::frame frame;
    auto const length = frame.add("queue_length", {{"queue", "render"}});
    for (int second = 0; second < 20; ++second) {
        frame.begin(orfeas::wall_time{1'000s + std::chrono::seconds{second}});
        frame.set(length, second < 10 ? 90 + 20 * second : 50); // from 100 on pending, and below 80 over
        alerts.step(frame);
        while (auto const* told = alerts.next("people")) {
            auto const& news = told->news.at(0);
            std::cout << second << " s: " << to_string(news.kind) << ", " << to_string(news.alert.at) << ": "
                      << alert::value_of(news.alert.annotations, "summary") << " (" << news.reason << ")\n";
            alerts.delivered("people", std::string{told->id});
        }
    }
}
