// SPDX-License-Identifier: MIT
// Alerts that leave the process: here to a route of this program; in earnest to ORFEAS_WEBHOOK_URL, and to Alertmanagers alike.
#include <orfeas/alert.hpp>
#include <orfeas/export/webhook.hpp>
#include <orfeas/http.hpp>

#include <boost/asio.hpp>

#include <cstdio>

namespace alert = orfeas::alert;
namespace asio = boost::asio;
namespace exporting = orfeas::exporting;
namespace http = orfeas::http;

orfeas::task<http::response> page(http::request const& q) {
    std::printf("told %s\n", std::string{q.body_text()}.c_str());
    co_return http::response{http::status::ok};
}

orfeas::task<> end(exporting::webhook<alert::engine>& out, http::server& receiver) {
    co_await out.stop(std::chrono::seconds{5}); // sends what waits
    co_await receiver.stop();
}

int main() {
    asio::io_context io;
    http::server receiver{io.get_executor(), {.port = 0}};
    receiver.route("POST", "/alerts", page);
    receiver.start();

    alert::engine alerts;
    alerts.add({.name = "queue_long", .expr = "queue_length > 100"});
    alerts.add(alert::route{.name = "webhook"});
    exporting::webhook_options options;
    options.url = "http://127.0.0.1:" + std::to_string(receiver.port()) + "/alerts";
    exporting::webhook<alert::engine> out{io.get_executor(), alerts, orfeas::from_environment(options)};
    out.start();

    alert::frame frame; // one a second, in earnest
    auto const length = frame.add("queue_length", {});
    frame.begin(std::chrono::system_clock::now());
    frame.set(length, 128);
    if (alerts.step(frame)) {
        out.wake();
    }
    asio::co_spawn(io, end(out, receiver), asio::detached);
    io.run();
}
