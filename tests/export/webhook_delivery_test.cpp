// SPDX-License-Identifier: MIT
#include "export/alerts.hpp"
#include "support/catch.hpp"

#include <orfeas/export/webhook_delivery.hpp>

#include <chrono>
#include <set>
#include <string>
#include <vector>

namespace exporting = orfeas::exporting;
using namespace std::chrono_literals;
using exporting::verdict;
using orfeas_test::hands;
using orfeas_test::told;
using enum exporting::outlet_step::what;
using enum verdict::kind;

namespace {

std::string const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"; // of the Standard Webhooks specification
std::string const other_secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

exporting::webhook_delivery to_pager(std::vector<std::string> secrets = {}) {
    exporting::webhook_options options;
    options.url = "http://127.0.0.1:8080/alerts?team=a";
    options.headers = {"authorization=Bearer x"};
    options.secrets = std::move(secrets);
    options.retry_first = 1s;
    options.retry_most = 8s;
    options.give_up_after = 60s;
    return {std::move(options), 7};
}

std::string field(orfeas::http::client_request const& of, std::string_view name) {
    for (auto const& each : of.fields) {
        if (each.name == name) {
            return each.value;
        }
    }
    return {};
}

std::string body(orfeas::http::client_request const& of) {
    auto const bytes = of.body.bytes();
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

} // namespace

TEST_CASE("webhook: the signature is that of Standard Webhooks", "[export][webhook]") {
    auto const key = exporting::detail::webhook_key(secret).value();
    CHECK(exporting::webhook_signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", R"({"test": 2432232314})") ==
          "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST_CASE("webhook: without a notification it looks again after an interval", "[export][webhook]") {
    auto to = to_pager();
    hands clock;
    to.offer(nullptr, clock.at);
    CHECK(to.next(clock.at).action == idle);
    CHECK(to.next(clock.at).until == clock.at.now + 1s);
}

TEST_CASE("webhook: a request says what it is, and a 2xx settles it", "[export][webhook]") {
    auto to = to_pager({secret, other_secret});
    hands clock;
    auto const one = told("00ff");
    to.offer(&one, clock.at);
    REQUIRE(to.next(clock.at).action == send);
    auto const& q = to.request(clock.at);
    CHECK(q.method == "POST");
    CHECK(q.url.target == "/alerts?team=a");
    CHECK(field(q, "content-type") == "application/json");
    CHECK(field(q, "authorization") == "Bearer x");
    CHECK(field(q, "idempotency-key") == "00ff");
    CHECK(field(q, "webhook-id") == "00ff");
    CHECK(field(q, "webhook-timestamp") == "1700000000");
    CHECK(body(q) == exporting::webhook_message_of(one, 262'144).body);
    std::string signatures;
    for (auto const& each : {secret, other_secret}) {
        auto const key = exporting::detail::webhook_key(each).value();
        signatures.append(signatures.empty() ? "" : " ");
        signatures.append(exporting::webhook_signature(key, "00ff", "1700000000", body(q)));
    }
    CHECK(field(q, "webhook-signature") == signatures);
    CHECK_FALSE(to.take_settled());
    CHECK(to.settle({accepted}, clock.at).works);
    CHECK(to.take_settled() == "00ff");
    CHECK_FALSE(to.take_settled());
    CHECK(to.stats().delivered_total == 1);
    CHECK(to.stats().works);
}

TEST_CASE("webhook: without a secret nothing is signed", "[export][webhook]") {
    auto to = to_pager();
    hands clock;
    auto const one = told("1");
    to.offer(&one, clock.at);
    CHECK(field(to.request(clock.at), "webhook-signature").empty());
}

TEST_CASE("webhook: what did not arrive is sent again, later each time, and signed anew", "[export][webhook]") {
    auto to = to_pager({secret});
    hands clock;
    auto const one = told("1");
    std::vector<std::string> signatures;
    for (auto const longest : {1s, 2s, 4s, 8s, 8s}) {
        to.offer(&one, clock.at);
        REQUIRE(to.next(clock.at).action == send);
        signatures.push_back(field(to.request(clock.at), "webhook-signature"));
        CHECK_FALSE(to.settle({unreachable}, clock.at).works);
        auto const then = to.next(clock.at);
        CHECK(then.action == hold);
        CHECK(then.until == then.ready);
        CHECK(then.ready - clock.at.now >= longest / 2);
        CHECK(then.ready - clock.at.now <= longest);
        clock.pass(longest);
    }
    CHECK(std::set<std::string>(signatures.begin(), signatures.end()).size() == 5);
    CHECK(to.stats().requests_total == 5);
    CHECK(to.stats().retries_total == 4);
    CHECK(to.stats().attempts == 5);
    CHECK(to.stats().given_up_total == 0);
    CHECK_FALSE(to.stats().works);
    to.offer(&one, clock.at);
    to.request(clock.at);
    to.settle({accepted}, clock.at);
    CHECK(to.stats().attempts == 0); // none is under way
}

TEST_CASE("webhook: a receiver that asks for a wait is given it", "[export][webhook]") {
    auto to = to_pager();
    hands clock;
    auto const one = told("1");
    to.offer(&one, clock.at);
    to.request(clock.at);
    to.settle({unreachable, 0, 30s}, clock.at);
    CHECK(to.next(clock.at).ready == clock.at.now + 30s);
}

TEST_CASE("webhook: what the receiver will not have is given up and settled", "[export][webhook]") {
    auto to = to_pager();
    hands clock;
    auto const one = told("1");
    auto const two = told("2");
    to.offer(&one, clock.at);
    to.request(clock.at);
    CHECK(to.settle({refused}, clock.at).lost == 1);
    CHECK(to.take_settled() == "1");
    CHECK(to.stats().given_up_total == 1);
    CHECK(to.stats().attempts == 0);
    to.offer(&two, clock.at);
    CHECK(to.next(clock.at).action == hold); // a receiver that refuses everything is not run over
    clock.pass(1s);
    CHECK(to.next(clock.at).action == send);
    to.request(clock.at);
    to.settle({accepted}, clock.at);
    CHECK(to.take_settled() == "2");
}

TEST_CASE("webhook: attempts at one notification come to an end", "[export][webhook]") {
    auto to = to_pager();
    hands clock;
    auto const one = told("1");
    auto const begin = clock.at.now;
    for (;;) {
        to.offer(&one, clock.at);
        to.request(clock.at);
        if (to.settle({unreachable}, clock.at).lost > 0) {
            break;
        }
        clock.pass(to.next(clock.at).ready - clock.at.now);
    }
    CHECK(clock.at.now - begin >= 60s);
    CHECK(clock.at.now - begin <= 68s);
    CHECK(to.take_settled() == "1");
}

TEST_CASE("webhook: a notification that its source has dropped is not sent any more", "[export][webhook]") {
    auto to = to_pager();
    hands clock;
    auto const one = told("1");
    auto const two = told("2");
    to.offer(&one, clock.at);
    to.request(clock.at);
    to.settle({unreachable}, clock.at);
    to.offer(&two, clock.at);
    CHECK(to.next(clock.at).action == hold); // the receiver fails still
    clock.pass(1s);
    CHECK(field(to.request(clock.at), "webhook-id") == "2");
    CHECK(to.stats().attempts == 1);
    to.settle({unreachable}, clock.at);
    to.offer(nullptr, clock.at);
    CHECK(to.next(clock.at).action == idle);
    CHECK(to.stats().attempts == 0);
}

TEST_CASE("webhook: what it has done is measured by route", "[export][webhook]") {
    auto to = to_pager();
    hands clock;
    auto const one = told("1");
    to.offer(&one, clock.at);
    to.request(clock.at);
    to.settle({accepted}, clock.at);
    std::vector<std::string> lines;
    auto const sink = [&](orfeas::measurement const& m) {
        lines.push_back(std::string{m.name} + '{' + std::string{m.labels[0].value} + "} " +
                        std::to_string(int(m.value)));
    };
    to.stats().measure(sink, "webhook");
    CHECK(lines[0] == "export_webhook_delivered_total{webhook} 1");
    CHECK(lines.back() == "export_webhook_works{webhook} 1");
    CHECK(lines.size() == 7);
}
