// SPDX-License-Identifier: MIT
#include "export/alerts.hpp"
#include "support/catch.hpp"

#include <orfeas/export/alertmanager_book.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace alert = orfeas::alert;
namespace exporting = orfeas::exporting;
using namespace std::chrono_literals;
using alert::severity;
using exporting::verdict;
using nlohmann::json;
using orfeas_test::firing;
using orfeas_test::hands;
using orfeas_test::origin;
using enum exporting::outlet_step::what;
using enum verdict::kind;
using alerts = std::vector<alert::active_alert>;
using words = std::vector<std::string>;

namespace {

exporting::alertmanager_options chosen() {
    exporting::alertmanager_options options;
    options.retry_first = 1s;
    options.retry_most = 8s;
    return options;
}

/// A book, the hands of its clock, and an Alertmanager that takes what it is sent.
struct scene {
    explicit scene(exporting::alertmanager_options options = chosen())
        : book{std::move(options), *orfeas::http::parse_url("http://127.0.0.1:9093/am/"), 7} {}

    /// A request with what is due, answered by `found`; null when nothing is to be sent.
    json send(verdict found = {accepted}) {
        if (book.next(clock.at).action != exporting::outlet_step::what::send) {
            return nullptr;
        }
        auto const bytes = book.request(clock.at).body.bytes();
        last_size = bytes.size();
        auto made = json::parse(std::string{reinterpret_cast<char const*>(bytes.data()), bytes.size()});
        book.settle(found, clock.at);
        return made;
    }

    /// All that is due after some time, as "NAME/SEVERITY begin-end" in seconds from now.
    words after(std::chrono::nanoseconds time, alerts const& now) {
        clock.pass(time);
        book.take(now, clock.at);
        words made;
        for (auto sent = send(); !sent.is_null(); sent = send()) {
            for (auto const& each : sent) {
                made.push_back(std::string{each["labels"]["alertname"]} + '/' +
                               std::string{each["labels"].value("severity", "")} + ' ' + offset(each["startsAt"]) +
                               ' ' + offset(each["endsAt"]));
            }
        }
        std::sort(made.begin(), made.end());
        return made;
    }

    std::string offset(std::string const& text) const {
        for (int seconds = -4'000; seconds <= 12'000; ++seconds) {
            if (orfeas::rfc3339(clock.at.wall + std::chrono::seconds{seconds}) == text) {
                return std::to_string(seconds);
            }
        }
        return text;
    }

    hands clock;
    exporting::alertmanager_book book;
    std::size_t last_size = 0;
};

} // namespace

TEST_CASE("alertmanager: an alert is sent when it fires, again each interval, and as over for five minutes",
          "[export]") {
    scene a;
    alerts const full{firing("full")};
    CHECK(a.after(0s, {}).empty());
    CHECK(a.after(0s, full) == words{"full/warning 0 180"});
    CHECK(a.after(1s, full).empty());
    CHECK(a.after(58s, full).empty());
    CHECK(a.after(1s, full) == words{"full/warning -60 180"});
    CHECK(a.after(30s, {}) == words{"full/warning -90 0"});
    CHECK(a.after(59s, {}).empty());
    CHECK(a.after(1s, {}) == words{"full/warning -150 -60"});
    for (int minute = 2; minute <= 4; ++minute) {
        CHECK(a.after(60s, {}).size() == 1);
    }
    CHECK(a.book.stats().resolved == 1);
    CHECK(a.after(60s, {}).empty());
    CHECK(a.book.stats().resolved == 0);
    CHECK(a.after(3'600s, {}).empty());
}

TEST_CASE("alertmanager: the request is what the API asks for", "[export]") {
    auto options = chosen();
    options.generator_url = "http://studio:5000/#alerts";
    options.labels = {"instance=studio-1", "alertname=ignored"};
    options.headers = {"authorization=Bearer x"};
    scene a{options};
    a.book.take(alerts{firing("full", severity::critical)}, a.clock.at);
    auto const& q = a.book.request(a.clock.at);
    CHECK(q.method == "POST");
    CHECK(q.url.target == "/am/api/v2/alerts");
    auto const bytes = q.body.bytes();
    CHECK(json::parse(std::string{reinterpret_cast<char const*>(bytes.data()), bytes.size()}) == json::parse(R"([{
        "labels": {"alertname": "full", "instance": "studio-1", "severity": "critical"},
        "annotations": {"summary": "full fires"}, "startsAt": "2023-11-14T22:13:20.000Z",
        "endsAt": "2023-11-14T22:16:20.000Z", "generatorURL": "http://studio:5000/#alerts"}])"));
}

TEST_CASE("alertmanager: pending alerts are not sent, and one that was never sent is not sent as over", "[export]") {
    scene a;
    auto pending = firing("full");
    pending.state = alert::alert_state::pending;
    CHECK(a.after(0s, {pending}).empty());
    a.book.take(alerts{firing("full")}, a.clock.at);
    CHECK(a.after(1s, {}).empty());
}

TEST_CASE("alertmanager: an alert whose severity changes is over as it was", "[export]") {
    scene a;
    a.after(0s, {firing("full")});
    CHECK(a.after(10s, {firing("full", severity::critical)}) == words{"full/critical -10 180", "full/warning -10 0"});
    CHECK(a.after(10s, {firing("full")}) == words{"full/critical -20 0", "full/warning -20 180"});
}

TEST_CASE("alertmanager: annotations that change wait for the next time", "[export]") {
    scene a;
    auto full = firing("full");
    a.after(0s, {full});
    alert::set_label(full.annotations, "summary", "97 of 100");
    CHECK(a.after(1s, {full}).empty());
    a.clock.pass(59s);
    a.book.take(alerts{full}, a.clock.at);
    CHECK(a.send()[0]["annotations"]["summary"] == "97 of 100");
}

TEST_CASE("alertmanager: an alert that comes back is sent at once", "[export]") {
    scene a;
    auto full = firing("full");
    a.after(0s, {full});
    a.after(10s, {});
    full.fired_at = origin + 15s;
    CHECK(a.after(5s, {full}) == words{"full/warning 0 180"});
    full.fired_at = origin + 17s; // it was over in between
    CHECK(a.after(2s, {full}) == words{"full/warning 0 180"});
}

TEST_CASE("alertmanager: a snapshot may say when an alert ended", "[export]") {
    scene a;
    auto full = firing("full");
    a.after(0s, {full});
    full.state = alert::alert_state::resolved;
    full.ended_at = origin + 7s;
    CHECK(a.after(10s, {full}) == words{"full/warning -10 -3"});
    CHECK(a.after(1s, {full}).empty());
    CHECK(a.after(1s, {full, firing("full")}) == words{"full/warning -12 180"});
}

TEST_CASE("alertmanager: what is silenced here is over there; what is inhibited or acknowledged here is sent",
          "[export]") {
    auto silenced = firing("full");
    silenced.is_silenced = true;
    auto inhibited = firing("slow");
    inhibited.is_inhibited = true;
    inhibited.acknowledged.emplace();
    scene a;
    CHECK(a.after(0s, {silenced, inhibited}) == words{"slow/warning 0 180"});
    CHECK(a.after(1s, {firing("full"), inhibited}) == words{"full/warning -1 180"});
    CHECK(a.after(1s, {silenced, inhibited}) == words{"full/warning -2 0"});
    CHECK(a.after(1s, {firing("full"), inhibited}) == words{"full/warning -3 180"});
    auto options = chosen();
    options.send_silenced = true;
    options.send_inhibited = false;
    scene b{options};
    CHECK(b.after(0s, {silenced, inhibited}) == words{"full/warning 0 180"});
}

TEST_CASE("alertmanager: what fails is tried again later each time, with the alerts of then", "[export]") {
    scene a;
    a.book.take(alerts{firing("full")}, a.clock.at);
    for (auto const longest : {1s, 2s, 4s, 8s, 8s}) {
        CHECK(a.send({unreachable}).size() == 1);
        auto const step = a.book.next(a.clock.at);
        CHECK(step.action == hold);
        CHECK(step.ready - a.clock.at.now >= longest / 2);
        CHECK(step.ready - a.clock.at.now <= longest);
        CHECK(step.until == std::min(step.ready, a.clock.at.now + 1s));
        a.clock.pass(longest);
        a.book.take(alerts{firing("full")}, a.clock.at);
    }
    CHECK(a.book.stats().failures_total == 5);
    CHECK(a.book.stats().waiting == 1);
    CHECK_FALSE(a.book.stats().works);
    CHECK(a.after(0s, {firing("slow")}) == words{"full/warning -23 0", "slow/warning -23 180"});
    CHECK(a.book.stats().sent_total == 2);
    CHECK(a.book.stats().works);
}

TEST_CASE("alertmanager: one that asks for a wait is given it", "[export]") {
    scene a;
    a.book.take(alerts{firing("full")}, a.clock.at);
    a.send({unreachable, 0, 30s});
    CHECK(a.book.next(a.clock.at).ready == a.clock.at.now + 30s);
}

TEST_CASE("alertmanager: what is refused waits for its next time, and others do not", "[export]") {
    scene a;
    a.book.take(alerts{firing("full")}, a.clock.at);
    a.send({refused});
    CHECK(a.book.stats().refused_total == 1);
    CHECK(a.after(1s, {firing("full")}).empty());
    CHECK(a.after(1s, {firing("full"), firing("slow")}) == words{"slow/warning -2 180"});
    CHECK(a.after(58s, {firing("full"), firing("slow")}) == words{"full/warning -60 180"});
}

TEST_CASE("alertmanager: that an alert is over is sent until it is taken, or has ended there by itself", "[export]") {
    scene a;
    a.after(0s, {firing("full")});
    a.book.take(alerts{}, a.clock.pass(1s).at);
    a.send({unreachable, 0, 400s});
    CHECK(a.after(399s, {}).empty());
    CHECK(a.after(1s, {}) == words{"full/warning -401 -400"});
    CHECK(a.after(1s, {}).empty());
    CHECK(a.book.stats().resolved == 0);

    a.after(0s, {firing("slow")});
    a.book.take(alerts{}, a.clock.pass(1s).at);
    a.send({unreachable, 0, 86'400s});
    a.book.take(alerts{}, a.clock.pass(481s).at);
    CHECK(a.book.stats().resolved == 0);
}

TEST_CASE("alertmanager: requests are bounded", "[export]") {
    auto options = chosen();
    options.batch_alerts = 3;
    scene a{options};
    alerts many;
    for (int i = 0; i < 8; ++i) {
        many.push_back(firing("r" + std::to_string(i)));
    }
    a.book.take(many, a.clock.at);
    CHECK(a.send().size() == 3);
    CHECK(a.send().size() == 3);
    CHECK(a.send().size() == 2);
    CHECK(a.send().is_null());

    options.batch_alerts = 256;
    options.batch_bytes = 65'536;
    scene b{options};
    for (auto& each : many) {
        alert::set_label(each.annotations, "description", std::string(20'000, 'x'));
    }
    alert::set_label(many[0].annotations, "description", std::string(60'000, 'x')); // too large: goes without
    alert::set_label(many[1].labels, "note", std::string(60'000, 'x'));             // too large: is left out
    b.book.take(many, b.clock.at);
    std::size_t sent = 0;
    for (auto each = b.send(); !each.is_null(); each = b.send()) {
        sent += each.size();
        CHECK(b.last_size <= 65'536);
    }
    CHECK(sent == 7);
    CHECK(b.book.stats().left_out == 1);
    CHECK(b.book.stats().dropped_texts_total == 2);
}

TEST_CASE("alertmanager: so many alerts are sent, the first, and each once", "[export]") {
    auto options = chosen();
    options.most_alerts = 2;
    scene a{options};
    auto const same = firing("full");
    CHECK(a.after(0s, {firing("full"), same, firing("slow"), firing("more")}).size() == 2);
    CHECK(a.book.stats().left_out == 2);
    CHECK(a.book.stats().firing == 2);
    alert::active_alert nameless;
    nameless.state = alert::alert_state::firing;
    a.after(1s, {nameless});
    CHECK(a.book.stats().left_out == 1);
}

TEST_CASE("alertmanager: it wants the alerts once an interval, and when it is woken", "[export]") {
    scene a;
    CHECK(a.book.wants_alerts(a.clock.at));
    a.book.take(alerts{}, a.clock.at);
    CHECK_FALSE(a.book.wants_alerts(a.clock.at));
    CHECK(a.book.next(a.clock.at).action == idle);
    CHECK(a.book.next(a.clock.at).until == a.clock.at.now + 1s);
    a.book.wake();
    CHECK(a.book.wants_alerts(a.clock.at));
    a.book.take(alerts{}, a.clock.at);
    CHECK(a.book.wants_alerts(a.clock.pass(1s).at));
}

TEST_CASE("alertmanager: what it has done is measured by URL", "[export]") {
    scene a;
    a.after(0s, {firing("full")});
    words lines;
    auto const sink = [&](orfeas::measurement const& m) {
        lines.push_back(std::string{m.name} + ' ' + std::string{m.labels[0].value} + ' ' +
                        std::to_string(static_cast<int>(m.value)));
    };
    a.book.stats().measure(sink, "u");
    CHECK(lines.front() == "export_alertmanager_firing u 1");
    CHECK(lines.back() == "export_alertmanager_works u 1");
    CHECK(lines.size() == 11);
}
