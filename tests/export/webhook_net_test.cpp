// SPDX-License-Identifier: MIT
#include "export/alert_receiver.hpp"
#include "export/alerts.hpp"
#include "support/catch.hpp"

#include <orfeas/alert/engine.hpp>
#include <orfeas/core/log_sinks.hpp>
#include <orfeas/export/webhook.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace alert = orfeas::alert;
namespace asio = boost::asio;
namespace exporting = orfeas::exporting;
using namespace std::chrono_literals;
using nlohmann::json;
using orfeas_test::alert_receiver;
using orfeas_test::answer;
using orfeas_test::eventually;
using orfeas_test::told;
using orfeas_test::two_threads;

namespace {

/// Notifications that wait for one route.
class waiting_list {
  public:
    void add(std::string const& id) {
        std::scoped_lock const hold{mutex_};
        all_.push_back(told(id));
    }

    std::optional<alert::notification> next(std::string_view route) {
        std::scoped_lock const hold{mutex_};
        if (throws_) {
            throw std::runtime_error{"the source fails"};
        }
        return route != "webhook" || all_.empty() ? std::nullopt : std::optional{all_.front()};
    }

    void delivered(std::string_view, std::string_view id) {
        std::scoped_lock const hold{mutex_};
        if (std::exchange(is_short_of_memory_, false)) {
            throw std::bad_alloc{};
        }
        std::erase_if(all_, [&](alert::notification const& each) { return each.id == id; });
        delivered_.emplace_back(id);
    }

    void fail(bool throws) {
        std::scoped_lock const hold{mutex_};
        throws_ = throws;
    }

    /// The next time that it is told of a delivery, it cannot take that in.
    void run_short_of_memory() {
        std::scoped_lock const hold{mutex_};
        is_short_of_memory_ = true;
    }

    std::vector<std::string> delivered() {
        std::scoped_lock const hold{mutex_};
        return delivered_;
    }

  private:
    std::mutex mutex_;
    std::deque<alert::notification> all_;
    std::vector<std::string> delivered_;
    bool throws_ = false;
    bool is_short_of_memory_ = false;
};
static_assert(exporting::notification_source<waiting_list>);
static_assert(exporting::notification_source<alert::engine>);
static_assert(!exporting::notification_source<std::string>);

/// Errors that nothing can be said of: their message needs memory that is not there.
class unspeakable_errors : public std::error_category {
  public:
    char const* name() const noexcept override { return "unspeakable"; }
    std::string message(int) const override { throw std::bad_alloc{}; }
};

/// Connections that come to nothing, and not a word about it.
struct failing_transport : orfeas::http::tcp_client_transport {
    template<class Executor>
    asio::awaitable<boost::system::error_code, Executor> shake_hands(stream<Executor>&,
                                                                     orfeas::http::url const&) const {
        static unspeakable_errors const category;
        std::error_code const failed{1, category};
        co_return boost::system::error_code{failed};
    }
};

using webhook = exporting::webhook<waiting_list>;
using ids = std::vector<std::string>;

exporting::webhook_options quick(alert_receiver const& to) {
    exporting::webhook_options options;
    options.url = to.url("/alerts");
    options.secrets = {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"};
    options.timeout = 500ms;
    options.retry_first = 1ms;
    options.retry_most = 4ms;
    return options;
}

ids ids_of(std::vector<alert_receiver::request> const& all) {
    ids made;
    for (auto const& each : all) {
        made.push_back(json::parse(each.body)["id"]);
    }
    return made;
}

} // namespace

TEST_CASE("webhook: notifications arrive in order, on one connection, and are confirmed", "[export][webhook]") {
    alert_receiver const good{[](std::size_t) { return answer("200 OK"); }};
    two_threads run;
    waiting_list alerts;
    webhook out{run.io.get_executor(), alerts, quick(good)};
    out.start();
    out.start();
    for (auto const* id : {"a", "b", "c"}) {
        alerts.add(id);
        out.wake();
    }
    REQUIRE(eventually([&] { return alerts.delivered().size() == 3; }));
    CHECK(alerts.delivered() == ids{"a", "b", "c"});
    auto const all = good.requests();
    CHECK(ids_of(all) == ids{"a", "b", "c"});
    CHECK(all[0].head.starts_with("POST /alerts HTTP/1.1\r\n"));
    CHECK(all[0].field("content-type") == "application/json");
    CHECK(all[1].field("idempotency-key") == "b");
    auto const key = exporting::detail::webhook_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").value();
    CHECK(all[1].field("webhook-signature") ==
          exporting::webhook_signature(key, "b", all[1].field("webhook-timestamp"), all[1].body));
    run.stop(out, 5s);
    CHECK(out.stats().delivered_total == 3);
    CHECK(out.stats().retries_total == 0);
}

TEST_CASE("webhook: without being woken it looks once an interval", "[export][webhook]") {
    alert_receiver const good{[](std::size_t) { return answer("204 No Content"); }};
    two_threads run;
    waiting_list alerts;
    auto options = quick(good);
    options.poll_interval = 1ms;
    webhook out{run.io.get_executor(), alerts, options};
    out.start();
    alerts.add("a");
    CHECK(eventually([&] { return alerts.delivered() == ids{"a"}; }));
    run.stop(out, 5s);
}

TEST_CASE("webhook: what fails is sent again until it is taken, and nothing overtakes it", "[export][webhook]") {
    std::vector<std::string> const answers{answer("500 X"),
                                           "",
                                           answer("503 X", "retry-after: 0\r\n"),
                                           answer("429 X"),
                                           answer("408 X"),
                                           std::string{orfeas_test::no_answer}};
    alert_receiver const moody{[&](std::size_t n) { return n < answers.size() ? answers[n] : answer("200 OK"); }};
    two_threads run;
    waiting_list alerts;
    std::ostringstream log;
    auto options = quick(moody);
    options.timeout = 100ms;
    webhook out{run.io.get_executor(), alerts, options, orfeas::logger{std::make_shared<orfeas::json_lines_sink>(log)}};
    alerts.add("a");
    alerts.add("b");
    out.start();
    REQUIRE(eventually([&] { return alerts.delivered().size() == 2; }));
    run.stop(out, 5s);
    auto const sent = ids_of(moody.requests());
    CHECK(std::count(sent.begin(), sent.end(), "b") == 1);
    CHECK(sent.back() == "b");
    CHECK(alerts.delivered() == ids{"a", "b"});
    CHECK(out.stats().delivered_total == 2);
    CHECK(out.stats().retries_total >= 5); // the client sends once more itself where a kept connection ends
    CHECK(out.stats().given_up_total == 0);
    CHECK(log.str().find("receiver_fails") != std::string::npos);
    CHECK(log.str().find("receiver_answers") != std::string::npos);
    CHECK(log.str().find("whsec_") == std::string::npos);
}

TEST_CASE("webhook: what the receiver will not have is given up, told of, and the next one is sent",
          "[export][webhook]") {
    alert_receiver const gone{[](std::size_t n) { return answer(n == 0 ? "410 Gone" : "200 OK"); }};
    two_threads run;
    waiting_list alerts;
    std::ostringstream log;
    webhook out{run.io.get_executor(), alerts, quick(gone),
                orfeas::logger{std::make_shared<orfeas::json_lines_sink>(log)}};
    alerts.add("a");
    alerts.add("b");
    out.start();
    REQUIRE(eventually([&] { return alerts.delivered().size() == 2; }));
    run.stop(out, 5s);
    CHECK(ids_of(gone.requests()) == ids{"a", "b"});
    CHECK(out.stats().given_up_total == 1);
    CHECK(out.stats().delivered_total == 1);
    CHECK(log.str().find("status 410") != std::string::npos);
    CHECK(log.str().find("http://127.0.0.1:") != std::string::npos);
    CHECK(log.str().find("/alerts") == std::string::npos); // a path may be a secret
}

TEST_CASE("webhook: a receiver that is not there keeps nothing, and stop does not wait for it", "[export][webhook]") {
    std::string url;
    {
        alert_receiver const nobody{[](std::size_t) { return std::string{}; }};
        url = nobody.url();
    }
    two_threads run;
    waiting_list alerts;
    exporting::webhook_options options;
    options.url = url;
    options.retry_first = 1h;
    options.retry_most = 2h;
    webhook out{run.io.get_executor(), alerts, options};
    alerts.add("a");
    out.start();
    REQUIRE(eventually([&] { return out.stats().requests_total == 1 && !out.stats().works; }));
    auto const begin = std::chrono::steady_clock::now();
    run.stop(out, 60s);
    CHECK(std::chrono::steady_clock::now() - begin < 30s); // the next attempt would come too late
    CHECK(alerts.delivered().empty());
}

TEST_CASE("webhook: stop sends what waits, and gives up what stalls at its deadline", "[export][webhook]") {
    alert_receiver const good{[](std::size_t) { return answer("200 OK"); }};
    alert_receiver const stalls{[](std::size_t) { return std::string{orfeas_test::no_answer}; }};
    two_threads run;
    waiting_list alerts;
    waiting_list others;
    auto patient = quick(stalls);
    patient.timeout = 1h;
    webhook out{run.io.get_executor(), alerts, quick(good)};
    webhook late{run.io.get_executor(), others, patient};
    out.start();
    late.start();
    alerts.add("a");
    alerts.add("b");
    others.add("a");
    run.stop(out, 10s);
    CHECK(alerts.delivered() == ids{"a", "b"});
    late.wake();
    stalls.wait_for(1);
    run.stop(late, 50ms);
    CHECK(others.delivered().empty());
    alerts.add("c");
    run.stop(out, 1s);
    CHECK(good.requests().size() == 2);
}

TEST_CASE("webhook: one that was never started sends nothing, and one that goes leaves its source alone",
          "[export][webhook]") {
    alert_receiver const good{[](std::size_t) { return answer("200 OK"); }};
    two_threads run;
    waiting_list alerts;
    alerts.add("a");
    webhook idle{run.io.get_executor(), alerts, quick(good)};
    run.stop(idle, 1s);
    idle.start();
    for (int i = 0; i < 20; ++i) {
        auto short_lived = std::make_unique<waiting_list>();
        short_lived->add("x");
        webhook out{run.io.get_executor(), *short_lived, quick(good)};
        out.start();
    }
    CHECK(idle.stats().requests_total == 0);
}

TEST_CASE("webhook: a source that throws is asked again", "[export][webhook]") {
    alert_receiver const good{[](std::size_t) { return answer("200 OK"); }};
    two_threads run;
    waiting_list alerts;
    alerts.add("a");
    alerts.fail(true);
    webhook out{run.io.get_executor(), alerts, quick(good)};
    out.start();
    out.wake();
    alerts.fail(false);
    CHECK(eventually([&] { return alerts.delivered() == ids{"a"}; }));
    run.stop(out, 5s);
}

TEST_CASE("webhook: options that cannot be used, and https without TLS, are refused at once", "[export][webhook]") {
    asio::io_context io;
    waiting_list alerts;
    exporting::webhook_options options;
    CHECK_THROWS_AS((webhook{io.get_executor(), alerts, options}), orfeas::option_error);
    options.url = "https://127.0.0.1/services/s3cr3t";
    CHECK_THROWS_WITH((webhook{io.get_executor(), alerts, options}),
                      Catch::Matchers::Contains("TLS") && !Catch::Matchers::Contains("s3cr3t"));
}

TEST_CASE("webhook: an engine on the same executor is a source", "[export][webhook]") {
    alert_receiver const good{[](std::size_t) { return answer("200 OK"); }};
    two_threads run;
    auto const home = asio::make_strand(run.io);
    alert::engine alerts;
    alerts.set_rules({{.name = "full", .expr = "x > 95"}});
    alerts.add(alert::route{.name = "webhook"});
    exporting::webhook<alert::engine> out{home, alerts, quick(good)};
    out.start();
    asio::post(home, [&] {
        alert::frame frame;
        auto const x = frame.add("x", {});
        frame.begin(orfeas_test::origin);
        frame.set(x, 96);
        alerts.step(frame);
        out.wake();
    });
    auto const got = good.wait_for(1);
    run.stop(out, 5s);
    REQUIRE(got.size() == 1);
    auto const news = json::parse(got[0].body)["news"];
    CHECK(news[0]["kind"] == "fired");
    CHECK(news[0]["alert"]["labels"]["alertname"] == "full");
    CHECK(news[0]["alert"]["value"] == 96);
    CHECK(alerts.next("webhook") == nullptr);
}

TEST_CASE("webhook: an attempt is settled once, also where memory ends while it is told of", "[export][webhook]") {
    alert_receiver const good{[](std::size_t) { return answer("200 OK"); }};
    two_threads run;
    waiting_list alerts;
    auto options = quick(good);
    options.give_up_after = 1ms;
    exporting::webhook<waiting_list, asio::any_io_executor, failing_transport> out{run.io.get_executor(), alerts,
                                                                                   options};
    alerts.add("a");
    alerts.add("b");
    out.start();
    REQUIRE(eventually([&] { return alerts.delivered().size() >= 2; }));
    run.stop(out, 5s);
    CHECK(alerts.delivered() == ids{"a", "b"});
    CHECK(out.stats().given_up_total == 2);
    CHECK(good.requests().empty());
}

TEST_CASE("webhook: what was taken is not sent again where its source cannot take that in at first",
          "[export][webhook]") {
    alert_receiver const good{[](std::size_t) { return answer("200 OK"); }};
    two_threads run;
    waiting_list alerts;
    alerts.add("a");
    alerts.run_short_of_memory();
    webhook out{run.io.get_executor(), alerts, quick(good)};
    out.start();
    REQUIRE(eventually([&] {
        out.wake();
        return alerts.delivered() == ids{"a"};
    }));
    run.stop(out, 5s);
    CHECK(ids_of(good.requests()) == ids{"a"});
}
