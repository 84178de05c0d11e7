// SPDX-License-Identifier: MIT
#include "export/alerts.hpp"
#include "support/catch.hpp"

#include <orfeas/export/webhook_message.hpp>

#include <nlohmann/json.hpp>

#include <limits>
#include <string>

namespace alert = orfeas::alert;
namespace exporting = orfeas::exporting;
using nlohmann::json;
using orfeas_test::firing;
using orfeas_test::told;

TEST_CASE("webhook message: all that is told of an alert", "[export][webhook]") {
    auto of = firing("full", alert::severity::critical);
    alert::set_label(of.labels, "pool", "a \"b\"\n");
    of.ended_at = orfeas_test::origin + std::chrono::milliseconds{1'500};
    auto one = told("00ff", of);
    one.news[0].kind = alert::news_kind::resolved;
    auto const made = exporting::webhook_message_of(one, 4096);
    CHECK(made.left_out == 0);
    CHECK(json::parse(made.body) == json::parse(R"({"version": 1, "id": "00ff", "time": "2023-11-14T22:13:20.000Z",
        "group": {"alertname": "full"}, "left_out": 0, "news": [{"kind": "resolved", "reason": "it fires", "alert": {
            "id": ")" + alert::alert_id(of.fingerprint) +
                                                R"(", "rule": "full",
            "labels": {"alertname": "full", "pool": "a \"b\"\n", "severity": "critical"},
            "annotations": {"summary": "full fires"}, "state": "firing", "severity": "critical",
            "value": 96.0, "threshold": 95.0, "active_at": "2023-11-14T22:13:17.000Z",
            "fired_at": "2023-11-14T22:13:20.000Z", "ended_at": "2023-11-14T22:13:21.500Z"}}]})"));
}

TEST_CASE("webhook message: what has no value is null, and bytes that are no text do no harm", "[export][webhook]") {
    auto of = firing("full");
    of.threshold = std::numeric_limits<double>::quiet_NaN();
    alert::set_label(of.annotations, "summary", "\xff");
    auto const made = json::parse(exporting::webhook_message_of(told("1", of), 4096).body);
    auto const& written = made["news"][0]["alert"];
    CHECK(written["threshold"].is_null());
    CHECK(written["ended_at"].is_null());
    CHECK(written["annotations"]["summary"] == "\xEF\xBF\xBD");
}

TEST_CASE("webhook message: news that have no room are left out and counted", "[export][webhook]") {
    auto one = told("1");
    auto large = one.news[0];
    alert::set_label(large.alert.annotations, "description", std::string(2'000, 'x'));
    one.news = {one.news[0], large, one.news[0]};
    alert::set_label(one.news[2].alert.labels, "pool", "b");
    for (std::size_t const most : {1'024U, 1'500U, 2'000U, 4'096U, 8'192U}) {
        CAPTURE(most);
        auto const made = exporting::webhook_message_of(one, most);
        CHECK(made.body.size() <= most);
        auto const read = json::parse(made.body);
        CHECK(read["left_out"] == made.left_out);
        CHECK(read["news"].size() + made.left_out == 3);
        CHECK(made.left_out == (most < 4'096 ? 1 : 0));
    }
    alert::set_label(one.group, "pool", std::string(2'000, 'x'));
    auto const made = exporting::webhook_message_of(one, 1'024);
    CHECK(made.body.size() <= 1'024);
    CHECK(json::parse(made.body)["group"].empty());
}
