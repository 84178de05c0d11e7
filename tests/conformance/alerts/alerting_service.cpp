// SPDX-License-Identifier: MIT
// What alertmanager_test.py and webhook_test.py run: an alert engine whose one series a test sets, an Alertmanager and a webhook,
// where the environment names them (ORFEAS_ALERTMANAGER_…, ORFEAS_WEBHOOK_…). Reads lines until its standard input ends:
//
//     x 96            the value of the series, and a frame with it
//     silence full    a silence for the alerts of a rule, for an hour
//     unsilence       ends it
//
// then stops, and prints what became of it all as JSON.
#include <orfeas/alert/engine.hpp>
#include <orfeas/core/json.hpp>
#include <orfeas/core/log_sinks.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/export/alertmanager.hpp>
#include <orfeas/export/webhook.hpp>
#include <orfeas/net/task.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>

namespace alert = orfeas::alert;
namespace asio = boost::asio;
namespace exporting = orfeas::exporting;
using alert::severity;
using orfeas::task;

namespace {

/// The engine, its one series, and what it tells of its alerts to.
class service {
  public:
    service(asio::io_context& io, orfeas::logger const& log) {
        alerts_.set_rules(
            {{.name = "full",
              .expr = "x",
              .levels = {{severity::warning, 85}, {severity::critical, 95}},
              .labels = {{"pool", "main"}},
              .annotations = {{"summary", "{{ $value }} of 100"}, {"run-book", "https://example.org/full"}}},
             {.name = "slow", .expr = "x > 80", .at = severity::warning, .labels = {{"pool", "main"}}}});
        alerts_.add(alert::route{.name = "webhook"});
        x_ = frame_.add("x", {});
        if (std::getenv("ORFEAS_ALERTMANAGER_URLS") != nullptr) {
            auto const options = orfeas::from_environment<exporting::alertmanager_options>();
            to_people_.emplace(io.get_executor(), alerts_, options, log);
            to_people_->start();
        }
        if (std::getenv("ORFEAS_WEBHOOK_URL") != nullptr) {
            auto const options = orfeas::from_environment<exporting::webhook_options>();
            to_pager_.emplace(io.get_executor(), alerts_, options, log);
            to_pager_->start();
        }
    }

    void obey(std::string const& line) {
        std::istringstream words{line};
        std::string what;
        std::string argument;
        words >> what >> argument;
        auto const now = std::chrono::system_clock::now();
        if (what == "x") {
            value_ = std::stod(argument);
        } else if (what == "silence") {
            alert::silence quiet;
            quiet.matchers.emplace_back("alertname", alert::match_kind::equal, argument);
            quiet.author = "test";
            quiet.begin = now;
            quiet.end = now + std::chrono::hours{1};
            silence_ = alerts_.add(quiet);
        } else if (what == "unsilence") {
            alerts_.remove_silence(silence_);
        }
        frame_.begin(now);
        frame_.set(x_, value_);
        alerts_.step(frame_);
        if (to_people_) {
            to_people_->wake();
        }
        if (to_pager_) {
            to_pager_->wake();
        }
    }

    task<> stop() {
        std::string text;
        orfeas::json_writer out{text};
        out.begin_object();
        if (to_people_) {
            co_await to_people_->stop(std::chrono::seconds{3});
            write_json(out.key("alertmanager"), to_people_->stats());
        }
        if (to_pager_) {
            co_await to_pager_->stop(std::chrono::seconds{3});
            write_json(out.key("webhook"), to_pager_->stats());
        }
        out.end_object();
        std::puts(text.c_str());
    }

  private:
    alert::engine alerts_;
    alert::frame frame_;
    alert::frame::index x_ = 0;
    double value_ = 0;
    std::uint64_t silence_ = 0;
    std::optional<exporting::alertmanager<alert::engine>> to_people_;
    std::optional<exporting::webhook<alert::engine>> to_pager_;
};

task<> serve(service& all) {
    asio::posix::stream_descriptor input{co_await asio::this_coro::executor, ::dup(STDIN_FILENO)};
    std::string text;
    for (;;) {
        auto const [failed, count] = co_await asio::async_read_until(input, asio::dynamic_buffer(text), '\n',
                                                                     asio::as_tuple(asio::use_awaitable));
        if (failed) {
            break;
        }
        all.obey(text.substr(0, count - 1));
        text.erase(0, count);
    }
    co_await all.stop();
}

} // namespace

int main() {
    try {
        asio::io_context io;
        orfeas::logger const log{std::make_shared<orfeas::text_sink>(std::cerr)};
        service all{io, log};
        std::exception_ptr failure;
        auto work = serve(all);
        asio::co_spawn(io, std::move(work), [&failure](std::exception_ptr thrown) { failure = thrown; });
        io.run();
        if (failure != nullptr) {
            std::rethrow_exception(failure);
        }
        return 0;
    } catch (std::exception const& error) {
        std::fprintf(stderr, "alerting_service: %s\n", error.what());
        return 1;
    }
}
