// SPDX-License-Identifier: MIT
#include "support/catch.hpp"
#include "support/opaque_pool.hpp"

#include <orfeas/memory/buffer.hpp>
#include <orfeas/observatory.hpp>
#include <orfeas/serve/server.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace orfeas;
using namespace std::chrono_literals;
using nlohmann::json;
namespace asio = boost::asio;

namespace {

using server = serve::server<observatory>;

task<http::response> greet(http::request const& q) {
    co_return http::response::text("hello " + std::string{q.path_parameter("name")});
}

task<http::response> refuse(http::request const&) {
    throw http::problem_error{http::problem{http::status::bad_request}.detail("No.").field("x").allowed("nothing")};
    co_return http::response{};
}

task<http::response> fail(http::request const&) {
    throw std::runtime_error{"a secret"};
    co_return http::response{};
}

task<http::response> odd(http::request const&) {
    co_return http::response{static_cast<http::status>(700)};
}

/// The whole: an observatory that takes a frame each 10 ms, a component of its own, a server, and threads that run them.
struct running {
    explicit running(int threads = 1, serve::dashboard_options dashboard = {}, http::server_options http = {})
        : obs{io.get_executor(), options()}, web{io.get_executor(), obs, on_free_port(std::move(http)), dashboard} {
        obs.metrics().gauge("custom_metric", "Registered by an application.").set(42);
        web.route("GET", "/hello/{name}", greet);
        web.route("GET", "/refuse", refuse);
        web.route("GET", "/fail", fail);
        web.route("GET", "/odd", odd);
        web.start();
        for (int i = 0; i < threads; ++i) {
            pool.emplace_back([this] { io.run(); });
        }
    }

    ~running() {
        asio::co_spawn(io, web.stop(), asio::use_future).get();
        asio::co_spawn(io, obs.stop(), asio::use_future).get();
        for (auto& each : pool) {
            each.join();
        }
    }

    static http::server_options on_free_port(http::server_options chosen) {
        chosen.port = 0;
        return chosen;
    }

    static observatory_options options() {
        observatory_options chosen;
        chosen.service = "test";
        chosen.sampler.interval = 10ms;
        return chosen;
    }

    asio::io_context io;
    observatory obs;
    server web;
    std::vector<std::jthread> pool;
};

struct answer {
    unsigned status;
    std::string head;
    std::string body;
    json document() const { return json::parse(body); }
};

answer send(std::uint16_t port, std::string const& method, std::string const& path, std::string const& fields = "",
            std::string const& body = "") {
    asio::io_context io;
    asio::ip::tcp::socket socket{io};
    socket.connect({asio::ip::address_v4::loopback(), port});
    std::string const length = method == "POST" ? "Content-Length: " + std::to_string(body.size()) + "\r\n" : "";
    asio::write(socket, asio::buffer(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
                                     length + fields + "\r\n" + body));
    std::string text;
    boost::system::error_code end;
    asio::read(socket, asio::dynamic_buffer(text), end);
    auto const split = text.find("\r\n\r\n");
    REQUIRE(split != std::string::npos);
    return {static_cast<unsigned>(std::stoul(text.substr(9, 3))), text.substr(0, split), text.substr(split + 4)};
}

answer ask(std::uint16_t port, std::string const& path, std::string const& fields = "") {
    return send(port, "GET", path, fields);
}

/// Waits until at least `seq` frames were taken.
void wait_for_frames(running& service, std::uint64_t seq) {
    while (service.obs.sampler().with_history([](auto const& kept) { return kept.last_seq(); }) < seq) {
        std::this_thread::yield();
    }
}

/// A WebSocket client that reads one JSON message at a time.
struct subscriber {
    explicit subscriber(std::uint16_t port, std::string const& target = "/ws/metrics") {
        stream.next_layer().connect({asio::ip::address_v4::loopback(), port});
        stream.handshake("localhost", target);
    }
    json next() {
        boost::beast::flat_buffer buffer;
        stream.read(buffer);
        return json::parse(static_cast<char const*>(buffer.data().data()),
                           static_cast<char const*>(buffer.data().data()) + buffer.size());
    }
    asio::io_context io;
    boost::beast::websocket::stream<asio::ip::tcp::socket> stream{io};
};

} // namespace

TEST_CASE("serve: the page is one document that forbids anything from elsewhere") {
    running service;
    auto const page = ask(service.web.port(), "/");
    CHECK(page.status == 200);
    CHECK(page.head.find("content-security-policy: default-src 'none'") != std::string::npos);
    CHECK(page.body.find("<!doctype html>") == 0);
    auto const tag = page.head.substr(page.head.find("etag: ") + 6,
                                      page.head.find("\r\n", page.head.find("etag: ")) - page.head.find("etag: ") - 6);
    CHECK(ask(service.web.port(), "/", "If-None-Match: " + tag + "\r\n").status == 304);
    auto const compressed = ask(service.web.port(), "/", "Accept-Encoding: gzip\r\n");
    CHECK(compressed.head.find("content-encoding: gzip") != std::string::npos);
    CHECK(compressed.body.size() < page.body.size() / 2);
}

TEST_CASE("serve: health, status, series, history and Prometheus' text") {
    running service;
    auto const port = service.web.port();
    CHECK(ask(port, "/healthz").body == "ok\n");

    auto const status = ask(port, "/api/v1/status").document();
    CHECK(status["service"] == "test");
    CHECK(status["boot_id"] == std::string{service.obs.boot_id()});
    REQUIRE(status["components"].size() == 1);
    CHECK(status["components"][0]["name"] == "http");
    CHECK(status["components"][0]["operational"] == true);

    wait_for_frames(service, 3);
    bool has_custom = false;
    auto const listed = ask(port, "/api/v1/metrics").document();
    for (auto const& each : listed["series"]) {
        has_custom |= each["key"] == "custom_metric" && each["value"] == 42.0;
    }
    CHECK(has_custom);
    auto const history = ask(port, "/api/v1/metrics/history?since=1").document()["history"];
    CHECK(history["seq"][0] == 2);
    CHECK(history["data"]["custom_metric"].size() == history["seq"].size());
    auto const table = ask(port, "/api/v1/metrics/history?format=csv").body;
    CHECK(table.starts_with("seq,timestamp,"));
    CHECK(table.substr(0, table.find('\n')).find(",custom_metric,") != std::string::npos);

    auto const text = ask(port, "/metrics").body;
    CHECK(text.find("# TYPE custom_metric gauge\ncustom_metric 42\n") != std::string::npos);
    CHECK(text.find("process_cpu_seconds_total ") != std::string::npos);
    CHECK(text.find("http_requests_total{component=\"http\"} ") != std::string::npos);

    auto const openmetrics = ask(port, "/metrics", "Accept: application/openmetrics-text; version=1.0.0\r\n").body;
    CHECK(openmetrics.ends_with("# EOF\n"));
    std::set<std::string> families; // each is introduced once, though a counter's _total does not count
    for (auto at = openmetrics.find("# TYPE "); at != std::string::npos; at = openmetrics.find("# TYPE ", at + 7)) {
        auto const name = openmetrics.substr(at + 7, openmetrics.find(' ', at + 7) - at - 7);
        INFO(name);
        CHECK(families.insert(name).second);
    }
    CHECK(families.contains("http_connections"));
    CHECK(families.contains("http_connections_accepted"));
}

TEST_CASE("serve: the memory of watched pools is reported and drawn") {
    orfeas_test::opaque_pool pool{64 << 20};
    running service;
    service.obs.watch("pool", pool);
    memory::buffer<char, orfeas_test::opaque_pool> const block{pool, 1 << 20, {.tag = pool.tag("blocks")}};
    auto const port = service.web.port();
    wait_for_frames(service, service.obs.sampler().with_history([](auto const& kept) { return kept.last_seq(); }) + 2);
    auto const pools = ask(port, "/api/v1/memory/report").document()["pools"];
    REQUIRE(pools.size() == 1);
    CHECK(pools[0]["name"] == "pool");
    CHECK(pools[0]["has_history"] == true); // the frames are its history
    CHECK(pools[0]["tags"][0]["name"] == "blocks");
    auto const picture = ask(port, "/api/v1/memory/timeline.svg?pool=pool");
    CHECK(picture.head.find("image/svg+xml") != std::string::npos);
    CHECK(picture.body.starts_with("<svg "));
    CHECK(ask(port, "/api/v1/memory/timeline.svg?pool=other").status == 404);
    CHECK(ask(port, "/api/v1/memory/report?tags=x").status == 400);
    CHECK(service.obs.unwatch("pool"));
    CHECK(ask(port, "/api/v1/memory/report").document()["pools"].empty());
}

TEST_CASE("serve: wrong parameters are refused with the field and its range") {
    running service;
    auto const port = service.web.port();
    for (auto const* path :
         {"/api/v1/metrics/history?since=-1", "/api/v1/metrics/history?since=x", "/api/v1/metrics/history?format=xml",
          "/api/v1/traces?limit=0", "/api/v1/traces?limit=1001", "/api/v1/traces?min_ms=-1",
          "/api/v1/traces?max_ms=nan", "/api/v1/traces?since=yesterday", "/api/v1/traces?status=fine",
          "/api/v1/traces?order=old", "/api/v1/traces?cursor=x", "/api/v1/traces/0123"}) {
        INFO(path);
        auto const refused = ask(port, path);
        CHECK(refused.status == 400);
        CHECK(refused.head.find("application/problem+json") != std::string::npos);
        CHECK(refused.document().contains("field"));
        CHECK(refused.document().contains("allowed"));
    }
    CHECK(ask(port, "/api/v1/traces/0123456789abcdef0123456789abcdef").status == 404);
    CHECK(ask(port, "/nothing").status == 404);
}

TEST_CASE("serve: an application's request is one trace that continues its caller's") {
    running service;
    auto const port = service.web.port();
    CHECK(ask(port, "/hello/world", "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n").body ==
          "hello world");
    CHECK(ask(port, "/refuse").status == 400);
    auto const failed = ask(port, "/fail");
    CHECK(failed.status == 500);
    CHECK(failed.body.find("secret") == std::string::npos);
    for (std::string_view const route : serve::watching_routes) {
        ask(port, std::string{route});
    }
    ask(port, "/api/v1/cache/stats");
    ask(port, "/api/v1/scaling");

    auto const traces = ask(port, "/api/v1/traces").document()["traces"];
    REQUIRE(traces.size() == 3); // the service's own routes leave none
    CHECK(traces[0]["name"] == "GET /fail");
    CHECK(traces[0]["status"] == "error");
    CHECK(traces[1]["name"] == "GET /refuse");
    CHECK(traces[1]["status"] != "error");
    CHECK(traces[2]["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736");
    auto const trace = ask(port, "/api/v1/traces/4bf92f3577b34da6a3ce929d0e0e4736").document();
    auto const& root = trace["spans"][0];
    CHECK(root["parent_id"] == "00f067aa0ba902b7");
    CHECK(root["kind"] == "server");
    CHECK(root["attributes"]["http.route"] == "/hello/{name}");
    CHECK(root["attributes"]["url.path"] == "/hello/world");
    CHECK(root["attributes"]["http.response.status_code"] == 200);

    auto const chrome = ask(port, "/api/v1/traces/4bf92f3577b34da6a3ce929d0e0e4736?format=chrome");
    CHECK(chrome.head.find("attachment; filename=\"trace-4bf92f3577b34da6a3ce929d0e0e4736.json\"") !=
          std::string::npos);
    CHECK(chrome.document().contains("traceEvents"));
    CHECK(ask(port, "/api/v1/traces/4bf92f3577b34da6a3ce929d0e0e4736?format=svg").status == 400);
    auto const names = [&](std::string const& parameters) {
        auto const found = ask(port, "/api/v1/traces?" + parameters).document();
        std::string all;
        for (auto const& each : found["traces"]) {
            all += each["name"].get<std::string>() + ";";
        }
        return all + (found["next"].is_null() ? "" : found["next"].get<std::string>());
    };
    CHECK(names("status=error") == "GET /fail;");
    CHECK(names("operation=GET%20/refuse") == "GET /refuse;");
    CHECK(names("attribute=http.response.status_code=200") == "GET /hello/{name};");
    CHECK(names("min_ms=60000") == "");
    CHECK(names("since=0&until=1") == "");
    CHECK(names("service=nobody") == "");
    auto const first_page = names("limit=1");
    CHECK(first_page.starts_with("GET /fail;"));
    CHECK(names("limit=2&cursor=" + first_page.substr(first_page.find(';') + 1)) == "GET /refuse;GET /hello/{name};");
    CHECK(ask(port, "/api/v1/traces?order=slow&limit=2").document()["traces"].size() == 2);
    auto const operations = ask(port, "/api/v1/operations").document()["operations"];
    REQUIRE(operations.size() == 3);
    CHECK(operations[0]["count"] == 1);
    CHECK(operations[0].contains("self_ms"));

    auto const text = ask(port, "/metrics").body;
    CHECK(text.find("http_server_request_duration_seconds_count{method=\"GET\",route=\"/fail\",status=\"5xx\"} 1") !=
          std::string::npos);
    CHECK(text.find("http_errors_total{component=\"http\"} 1") != std::string::npos);
    CHECK(text.find("route=\"/api/v1/cache/stats\"") == std::string::npos);

    CHECK(ask(port, "/odd").status == 700);
    CHECK(ask(port, "/metrics")
              .body.find(
                  "http_server_request_duration_seconds_count{method=\"GET\",route=\"/odd\",status=\"unknown\"} 1") !=
          std::string::npos);
}

TEST_CASE("serve: a subscriber gets the history first, then every frame in order") {
    running service{2};
    wait_for_frames(service, 2);
    subscriber client{service.web.port()};
    auto const first = client.next();
    CHECK(first["type"] == "metrics_update");
    CHECK(first["boot_id"] == std::string{service.obs.boot_id()});
    REQUIRE(first["history"].is_object());
    CHECK(first["history"]["seq"].back() == first["seq"]);
    CHECK(first["data"]["custom_metric"] == 42.0);
    for (std::uint64_t expected = first["seq"].get<std::uint64_t>() + 1, i = 0; i < 5; ++i, ++expected) {
        auto const frame = client.next();
        CHECK(frame["seq"] == expected);
        CHECK(frame["history"].is_null());
    }
    CHECK(service.web.subscribers() == 1);
}

TEST_CASE("serve: what the judges found is in the API and in every frame") {
    running service;
    wait_for_frames(service, 3);
    auto const anomalies = ask(service.web.port(), "/api/v1/anomalies").document();
    CHECK(anomalies["series"] > 0); // process_cpu_ratio, for one
    CHECK(anomalies["anomalies"].is_array());
    auto const predictions = ask(service.web.port(), "/api/v1/predictions").document();
    CHECK(predictions["health"]["score"] > 0);
    auto const coarse = ask(service.web.port(), "/api/v1/metrics/history/coarse?series=custom_metric").document();
    CHECK(coarse["series"]["custom_metric"]["max"][0] == 42);
    CHECK(ask(service.web.port(), "/api/v1/anomalies?limit=0").status == 400);
    subscriber client{service.web.port()};
    for (int i = 0; i < 3; ++i) { // the history, then frames
        auto const frame = client.next();
        CHECK(frame["anomalies"].is_array());
        CHECK(frame["predictions"]["health"]["score"] > 0);
        CHECK(frame["data"].contains("custom_metric"));
    }
}

TEST_CASE("serve: alerts are in the API and in every frame, and acting on them needs what an operator's action needs") {
    running service;
    auto const port = service.web.port();
    service.obs.alerts().add(alert::rule{.name = "custom", .expr = "custom_metric > 1"});
    subscriber client{port};
    json frame;
    do {
        frame = client.next();
    } while (frame["alerts"]["firing"]["warning"] == 0);
    CHECK(frame["anomalies"].is_array());
    auto const id = frame["alerts"]["active"][0]["id"].get<std::string>();
    CHECK(ask(port, "/api/v1/alerts/active").document()["active"][0]["id"] == id);
    CHECK(ask(port, "/api/v1/alerts/history").document()["events"][0]["alert"]["id"] == id);
    CHECK(ask(port, "/api/v1/alerts/rules").document()["rules"].size() == 10); // nine are there beforehand

    std::string const path = "/api/v1/alerts/" + id + "/acknowledge";
    std::string const by_ann = R"({"author":"ann"})";
    CHECK(ask(port, path).status == 405);
    CHECK(send(port, "POST", path, "Origin: https://elsewhere.example\r\n", by_ann).status == 403);
    CHECK(send(port, "POST", path, "", std::string(40'000, ' ')).status == 413);
    CHECK_FALSE(service.obs.alerts().alerts().at(0).acknowledged);
    CHECK(send(port, "POST", path, "Origin: http://localhost\r\n", by_ann).status == 200);
    CHECK(service.obs.alerts().alerts().at(0).acknowledged->author == "ann");
    CHECK(send(port, "DELETE", path, "Origin: https://elsewhere.example\r\n").status == 403);
    CHECK(send(port, "DELETE", path).status == 204);
    CHECK_FALSE(service.obs.alerts().alerts().at(0).acknowledged);

    std::string const silence = R"({"matchers":"{alertname=\"custom\"}","author":"ann","duration_seconds":60})";
    CHECK(send(port, "POST", "/api/v1/silences", "Origin: null\r\n", silence).status == 403);
    CHECK(service.obs.alerts().silences().empty());
    auto const made = send(port, "POST", "/api/v1/silences", "", silence);
    CHECK(made.status == 201);
    CHECK(ask(port, "/api/v1/silences").document()["silences"][0]["id"] == made.document()["id"]);
    CHECK(send(port, "DELETE", "/api/v1/silences/1", "Origin: https://elsewhere.example\r\n").status == 403);
    CHECK(send(port, "DELETE", "/api/v1/silences/1").status == 204);
    auto const gone = send(port, "DELETE", "/api/v1/silences/1");
    CHECK(gone.status == 404);
    CHECK(gone.head.find("application/problem+json") != std::string::npos);
}

TEST_CASE("serve: where a token is configured, alerts are shown and acted on with it alone") {
    http::server_options with_token;
    with_token.token = "a-long-enough-secret-token";
    running service{1, {}, with_token};
    auto const port = service.web.port();
    std::string const token = "Authorization: Bearer a-long-enough-secret-token\r\n";
    wait_for_frames(service, 1);
    std::string const silence = R"({"matchers":"{a=\"b\"}","author":"ann","duration_seconds":60})";
    for (auto const* path :
         {"/api/v1/alerts/active", "/api/v1/alerts/rules", "/api/v1/alerts/history", "/api/v1/silences"}) {
        CHECK(ask(port, path).status == 401);
        CHECK(ask(port, path, token).status == 200);
    }
    CHECK(send(port, "POST", "/api/v1/silences", "", silence).status == 401);
    CHECK(send(port, "POST", "/api/v1/alerts/0123456789abcdef/acknowledge", "", "{}").status == 401);
    CHECK(service.obs.alerts().silences().empty());
    CHECK(send(port, "POST", "/api/v1/silences", token, silence).status == 201);
    CHECK(send(port, "DELETE", "/api/v1/silences/1").status == 401);
    CHECK(send(port, "DELETE", "/api/v1/silences/1", token).status == 204);
}

TEST_CASE("serve: a subscriber that comes back gets what it lacks, of the same run only") {
    running service;
    wait_for_frames(service, 5);
    auto const boot = std::string{service.obs.boot_id()};
    subscriber back{service.web.port(), "/ws/metrics?since=4&boot=" + boot};
    CHECK(back.next()["history"]["seq"][0] == 5);
    subscriber stranger{service.web.port(), "/ws/metrics?since=4&boot=0000000000000000"};
    CHECK(stranger.next()["history"]["seq"][0] == 1);
}

TEST_CASE("serve: a subscription narrows the frames, nonsense is answered, the subscriber limit holds") {
    running service{1, {.subscribers = 1}};
    subscriber client{service.web.port()};
    client.next();
    client.stream.write(asio::buffer(std::string{R"({"type":"subscribe","metrics":["custom_metric"]})"}));
    json frame;
    do {
        frame = client.next();
    } while (frame["data"].size() > 1);
    CHECK(frame["data"] == json{{"custom_metric", 42.0}});
    client.stream.write(asio::buffer(std::string{"nonsense"}));
    do {
        frame = client.next();
    } while (frame["type"] == "metrics_update");
    CHECK(frame["type"] == "error");
    CHECK_THROWS(subscriber{service.web.port()});
    client.stream.close(boost::beast::websocket::close_code::normal);
    while (service.web.subscribers() > 0) {
        std::this_thread::yield();
    }
    CHECK_NOTHROW(subscriber{service.web.port()}.next());
}

TEST_CASE("serve: stopping tells subscribers that the server goes away") {
    std::optional<running> service{std::in_place, 2};
    subscriber client{service->web.port()};
    client.next();
    service.reset();
    boost::beast::flat_buffer buffer;
    boost::system::error_code failed;
    while (!failed) {
        client.stream.read(buffer, failed);
    }
    CHECK(client.stream.reason().code == boost::beast::websocket::close_code::going_away);
}
