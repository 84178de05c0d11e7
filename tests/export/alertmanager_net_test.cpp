// SPDX-License-Identifier: MIT
#include "export/alert_receiver.hpp"
#include "export/alerts.hpp"
#include "support/catch.hpp"

#include <orfeas/alert/engine.hpp>
#include <orfeas/core/log_sinks.hpp>
#include <orfeas/export/alertmanager.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace alert = orfeas::alert;
namespace exporting = orfeas::exporting;
using namespace std::chrono_literals;
using nlohmann::json;
using orfeas_test::alert_receiver;
using orfeas_test::answer;
using orfeas_test::eventually;
using orfeas_test::firing;
using orfeas_test::two_threads;
using alert_list = std::vector<alert::active_alert>;

namespace {

/// Alerts that a test sets.
class board {
  public:
    void set(alert::active_alert each) { set(alert_list{std::move(each)}); }
    void set(alert_list all) {
        std::scoped_lock const hold{mutex_};
        all_ = std::move(all);
    }
    alert_list alerts() {
        std::scoped_lock const hold{mutex_};
        ++looks_;
        return all_;
    }
    int looks() {
        std::scoped_lock const hold{mutex_};
        return looks_;
    }

  private:
    std::mutex mutex_;
    alert_list all_;
    int looks_ = 0;
};
static_assert(exporting::alert_source<board>);
static_assert(exporting::alert_source<alert::engine>);
static_assert(!exporting::alert_source<std::string>);

using alertmanager = exporting::alertmanager<board>;

exporting::alertmanager_options quick(std::vector<std::string> urls) {
    exporting::alertmanager_options options;
    options.urls = std::move(urls);
    options.timeout = 500ms;
    options.retry_first = 1ms;
    options.retry_most = 4ms;
    return options;
}

std::string ok(std::size_t) {
    return answer("200 OK");
}

} // namespace

TEST_CASE("alertmanager: each is told of all, and one that stalls or fails delays nobody", "[export]") {
    alert_receiver const good{ok};
    alert_receiver const stalls{[](std::size_t) { return std::string{orfeas_test::no_answer}; }};
    alert_receiver const fails{[](std::size_t n) { return answer(n < 3 ? "503 X" : "200 OK"); }};
    two_threads run;
    board all;
    auto options = quick({stalls.url(), fails.url("/am/"), good.url()});
    options.timeout = 1h;
    alertmanager out{run.io.get_executor(), all, options};
    out.start();
    out.start();
    all.set(firing("full"));
    out.wake();
    CHECK(stalls.wait_for(1).size() == 1);
    auto const got = good.wait_for(1);
    REQUIRE(got.size() == 1);
    CHECK(got[0].head.starts_with("POST /api/v2/alerts HTTP/1.1\r\n"));
    CHECK(got[0].field("content-type") == "application/json");
    CHECK(json::parse(got[0].body)[0]["labels"]["alertname"] == "full");
    auto const again = fails.wait_for(4);
    REQUIRE(again.size() == 4);
    CHECK(again[0].head.starts_with("POST /am/api/v2/alerts HTTP/1.1\r\n"));
    CHECK(eventually([&] { return out.stats()[1].works && out.stats()[1].sent_total == 1; }));
    CHECK(out.stats()[1].failures_total == 3);
    all.set(alert_list{});
    out.wake();
    CHECK(json::parse(good.wait_for(2)[1].body)[0]["labels"]["alertname"] == "full");
    run.stop(out, 50ms);
    CHECK(out.stats()[2].resolved == 1);
}

TEST_CASE("alertmanager: without being woken it looks once an interval, and stop sends what has changed", "[export]") {
    alert_receiver const good{ok};
    two_threads run;
    board all;
    board others;
    auto options = quick({good.url()});
    options.poll_interval = 1ms;
    alertmanager often{run.io.get_executor(), all, options};
    options.poll_interval = 1h;
    alertmanager rarely{run.io.get_executor(), others, options};
    often.start();
    rarely.start();
    REQUIRE(eventually([&] { return all.looks() > 3 && others.looks() == 1; }));
    all.set(firing("full"));
    others.set(firing("slow"));
    CHECK(good.wait_for(1).size() == 1);
    run.stop(often, 10s);
    run.stop(rarely, 10s);
    CHECK(good.requests().size() == 2);
    CHECK(rarely.stats()[0].sent_total == 1);
    others.set(firing("more"));
    rarely.wake();
    run.stop(rarely, 1s);
    CHECK(good.requests().size() == 2);
}

TEST_CASE("alertmanager: what is refused is counted and told of, in its words", "[export]") {
    alert_receiver const refuses{
        [](std::size_t) { return std::string{"HTTP/1.1 400 X\r\ncontent-length: 10\r\n\r\nbad labels"}; }};
    two_threads run;
    board all;
    all.set(firing("full"));
    std::ostringstream log;
    alertmanager out{run.io.get_executor(), all, quick({refuses.url()}),
                     orfeas::logger{std::make_shared<orfeas::json_lines_sink>(log)}};
    out.start();
    REQUIRE(eventually([&] { return out.stats()[0].refused_total == 1; }));
    run.stop(out, 5s);
    CHECK(log.str().find("status 400: bad labels") != std::string::npos);
    CHECK(refuses.requests().size() == 1);
    int measured = 0;
    out.measure([&](orfeas::measurement const& each) {
        measured += each.name == "export_alertmanager_refused_total" ? static_cast<int>(each.value) : 0;
        CHECK(each.labels[0].value == refuses.url("/api/v2/alerts").substr(0, each.labels[0].value.size()));
    });
    CHECK(measured == 1);
}

TEST_CASE("alertmanager: one that goes leaves its source alone; one that was never started sends nothing", "[export]") {
    alert_receiver const good{ok};
    two_threads run;
    for (int i = 0; i < 20; ++i) {
        auto short_lived = std::make_unique<board>();
        short_lived->set(firing("full"));
        alertmanager out{run.io.get_executor(), *short_lived, quick({good.url(), good.url()})};
        out.start();
    }
    board all;
    all.set(firing("full"));
    alertmanager idle{run.io.get_executor(), all, quick({good.url()})};
    run.stop(idle, 1s);
    CHECK(idle.stats()[0].requests_total == 0);
}

TEST_CASE("alertmanager: options that cannot be used, and https without TLS, are refused at once", "[export]") {
    boost::asio::io_context io;
    board all;
    auto const none = quick({});
    auto const tls = quick({"http://127.0.0.1:9093", "https://127.0.0.1:9093"});
    CHECK_THROWS_AS((alertmanager{io.get_executor(), all, none}), orfeas::option_error);
    CHECK_THROWS_WITH((alertmanager{io.get_executor(), all, tls}), Catch::Matchers::Contains("TLS"));
}
