// SPDX-License-Identifier: MIT
//
// Over a real server, and where it says so with a real Redis server behind the cache.
#include "support/catch.hpp"
#include "support/redis_server.hpp"

#include <orfeas/cache/tiered.hpp>
#include <orfeas/observatory.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <utility>

using namespace orfeas;
using namespace std::chrono_literals;
using nlohmann::json;
namespace asio = boost::asio;

namespace {

using texts = cache::local<std::string, std::string>;
using numbers = cache::local<int, int>;
using tiered_texts = cache::tiered<std::string, std::string>;

/// An observatory with a server and a thread that runs them.
struct running {
    explicit running(http::server_options options = {})
        : web{io.get_executor(), obs, on_free_port(std::move(options))} {
        web.start();
        thread = std::jthread{[this] { io.run(); }};
    }
    ~running() {
        wait(web.stop());
        wait(obs.stop());
    }

    static http::server_options on_free_port(http::server_options options) {
        options.port = 0;
        return options;
    }

    template<class T>
    T wait(task<T> work) {
        return asio::co_spawn(io, std::move(work), asio::use_future).get();
    }

    asio::io_context io;
    observatory obs{io.get_executor()};
    serve::server<observatory> web;
    std::jthread thread;
};

/// A tiered cache that a service watches, until it is stopped before it ends.
struct watched_cache {
    watched_cache(running& in, std::string as, cache::tiered_options options)
        : service{in}, held{in.io.get_executor(), std::move(options), parts()}, name{std::move(as)} {
        service.obs.watch(name, held);
    }
    ~watched_cache() {
        service.obs.unwatch(name);
        service.wait(held.stop());
    }

    static tiered_texts::parts parts() {
        tiered_texts::parts with;
        with.connection.call_deadline = 20s; // a machine under load must not fail the tests
        return with;
    }

    running& service;
    tiered_texts held;
    std::string name;
};

struct answer {
    unsigned status;
    std::string head;
    std::string body;
    json document() const { return json::parse(body); }
};

answer send(running const& to, std::string const& method, std::string const& path, std::string const& fields = "") {
    asio::io_context io;
    asio::ip::tcp::socket socket{io};
    socket.connect({asio::ip::address_v4::loopback(), to.web.port()});
    bool const has_host = fields.find("Host: ") != std::string::npos;
    asio::write(socket, asio::buffer(method + " " + path + " HTTP/1.1\r\n" + (has_host ? "" : "Host: localhost\r\n") +
                                     "Connection: close\r\n" + (method == "POST" ? "Content-Length: 0\r\n" : "") +
                                     fields + "\r\n"));
    std::string text;
    boost::system::error_code end;
    asio::read(socket, asio::dynamic_buffer(text), end);
    auto const split = text.find("\r\n\r\n");
    REQUIRE(split != std::string::npos);
    return {static_cast<unsigned>(std::stoul(text.substr(9, 3))), text.substr(0, split), text.substr(split + 4)};
}
answer get(running const& from, std::string const& path) {
    return send(from, "GET", path);
}
answer post(running const& to, std::string const& path, std::string const& fields = "") {
    return send(to, "POST", path, fields);
}

void until(std::function<bool()> const& is_so) {
    auto const end = std::chrono::steady_clock::now() + 60s;
    while (!is_so() && std::chrono::steady_clock::now() < end) {
        std::this_thread::yield();
    }
    REQUIRE(is_so());
}

void check_problem(answer const& got, unsigned status, std::string const& field) {
    CHECK(got.status == status);
    CHECK(got.head.find("application/problem+json") != std::string::npos);
    CHECK(got.document()["field"] == field);
}

std::string const stats_path = "/api/v1/cache/stats";
std::string const clear_path = "/api/v1/cache/clear";

} // namespace

TEST_CASE("serve: without a cache under watch there are no figures, and nothing is cleared") {
    running service;
    CHECK(get(service, stats_path).document()["caches"].empty());
    auto const cleared = post(service, clear_path);
    CHECK(cleared.status == 200);
    CHECK(cleared.document() == json{{"caches", json::array()}, {"complete", true}});
    check_problem(get(service, stats_path + "?name=x"), 404, "name");
    check_problem(post(service, clear_path + "?name=x"), 404, "name");
}

TEST_CASE("serve: a local cache tells of its one tier") {
    running service;
    texts held{{.capacity_bytes = 100'000}};
    service.obs.watch("texts", held);
    auto const fresh = get(service, stats_path);
    CHECK(fresh.head.find("cache-control: no-store") != std::string::npos);
    CHECK(fresh.document()["caches"][0]["hit_ratio"].is_null());
    held.put("a", "1");
    CHECK(held.get("a"));
    CHECK_FALSE(held.get("b"));
    auto const all = get(service, stats_path).document()["caches"];
    REQUIRE(all.size() == 1);
    auto const& one = all[0];
    CHECK(one["name"] == "texts");
    CHECK(one["tiers"] == json{"l1"});
    CHECK(one["can_clear"] == true);
    CHECK(one["l1_hits"] == 1);
    CHECK(one["misses"] == 1);
    CHECK(one["hit_ratio"] == 0.5);
    CHECK(one["l1"]["entries"] == 1);
    CHECK(one["l1"]["capacity_bytes"] == 100'000);
    REQUIRE(one["l1"]["windows"].size() == 4);
    CHECK(one["l1"]["windows"][0]["seconds"] == 1);
    CHECK(one["l1"]["windows"][3]["seconds"] == 300);
    CHECK(one["l1"]["windows"][3]["hits"] == 1);
    for (auto const* absent : {"l2_hits", "l2_reads", "invalidations", "epochs", "pending_writes", "nodes"}) {
        CHECK_FALSE(one.contains(absent));
    }
    auto const status = get(service, "/api/v1/status").document()["components"];
    CHECK(status[1]["detail"] == "in this process");
    service.obs.unwatch("texts");
    CHECK(get(service, stats_path).document()["caches"].empty());
}

TEST_CASE("serve: caches are cleared one or all, whole or by pattern") {
    running service;
    texts some;
    numbers counted;
    texts const constant;
    watched_cache two{service, "two", {}};
    service.obs.watch("texts", some);
    service.obs.watch("numbers", counted);
    service.obs.watch("constant", constant);
    auto const fill = [&] {
        for (auto const* key : {"a1", "a2", "b1"}) {
            some.put(key, "x");
            CHECK(service.wait(two.held.put(key, "y")));
        }
        counted.put(1, 1);
    };
    fill();
    CHECK(post(service, clear_path + "?name=texts&pattern=a*").document()["caches"] == json{{{"name", "texts"},
                                                                                             {"cleared", true},
                                                                                             {"complete", true},
                                                                                             {"l1_entries", 2},
                                                                                             {"l2_entries", 0},
                                                                                             {"nodes", 0},
                                                                                             {"failed_nodes", 0}}});
    CHECK(some.get("b1"));
    CHECK(post(service, clear_path + "?name=two&pattern=%5Bb%5D1").document()["caches"][0]["l1_entries"] == 1);
    CHECK(two.held.stats().l1.entries == 2);

    check_problem(post(service, clear_path + "?name=numbers&pattern=1"), 400, "pattern");
    check_problem(post(service, clear_path + "?name=constant"), 409, "name");
    check_problem(post(service, clear_path + "?name=texts&pattern="), 400, "pattern");
    auto const unknown = post(service, clear_path + "?name=other");
    check_problem(unknown, 404, "name");
    CHECK(unknown.document()["allowed"] == "two, texts, numbers, constant");
    CHECK(counted.get(1));

    fill();
    auto const all = post(service, clear_path).document();
    CHECK(all["complete"] == false); // for one of them is not cleared
    REQUIRE(all["caches"].size() == 4);
    CHECK(all["caches"][0]["l1_entries"] == 3);
    CHECK(all["caches"][1]["l1_entries"] == 3);
    CHECK(all["caches"][2]["l1_entries"] == 1);
    CHECK(all["caches"][3]["cleared"] == false);
    CHECK(all["caches"][3]["reason"] == "it is watched and not cleared");
    CHECK(some.size() + counted.size() + two.held.stats().l1.entries == 0);
    for (auto const* name : {"texts", "numbers", "constant"}) {
        service.obs.unwatch(name);
    }
}

TEST_CASE("serve: clearing is an operator's action") {
    texts held;
    held.put("a", "1");
    {
        running service;
        service.obs.watch("texts", held);
        CHECK(get(service, clear_path).status == 405);
        CHECK(post(service, clear_path, "Origin: https://elsewhere.example\r\n").status == 403);
        CHECK(post(service, clear_path, "Host: elsewhere.example\r\n").status == 421);
        CHECK(held.size() == 1);
        CHECK(post(service, clear_path, "Origin: http://localhost\r\n").status == 200);
        CHECK(held.size() == 0);
        service.obs.unwatch("texts");
    }
    held.put("a", "1");
    http::server_options with_token;
    with_token.token = "a-long-enough-secret-token";
    running guarded{with_token};
    guarded.obs.watch("texts", held);
    CHECK(post(guarded, clear_path).status == 401);
    CHECK(get(guarded, stats_path).status == 401);
    CHECK(held.size() == 1);
    CHECK(post(guarded, clear_path, "Authorization: Bearer a-long-enough-secret-token\r\n").status == 200);
    CHECK(held.size() == 0);
    guarded.obs.unwatch("texts");
}

TEST_CASE("serve: a tiered cache tells of its servers, is cleared on them, and says which are away") {
    if (!orfeas_test::redis_server::is_installed()) {
        ORFEAS_TEST_SKIP("redis-server is not installed");
    }
    orfeas_test::redis_server server;
    running service;
    watched_cache meshes{service, "meshes", {.l2 = {server.url()}}};
    until([&] { return meshes.held.stats().nodes.at(0).connection.connected; });
    for (auto const* key : {"a1", "a2", "b1"}) {
        CHECK(service.wait(meshes.held.put(key, "x")));
    }
    CHECK(service.wait(meshes.held.get("a1")));
    auto const one = get(service, stats_path + "?name=meshes").document()["caches"][0];
    CHECK(one["tiers"] == json{"l1", "l2"});
    CHECK(one["l1_hits"] == 1);
    CHECK(one["l2_hits"] == 0);
    CHECK(one["l2_writes"] == 3);
    CHECK(one["pending_writes"] == 0);
    REQUIRE(one["nodes"].size() == 1);
    auto const& node = one["nodes"][0];
    CHECK(node["name"] == "127.0.0.1:" + std::to_string(server.port()));
    CHECK(node["connected"] == true);
    CHECK(node["breaker"] == "closed");
    CHECK(node["trouble"] == "");
    CHECK(node["calls"] >= 3);
    CHECK(node["failures"] == 0);
    CHECK(node["timeouts"] == 0);
    CHECK(node["sent_bytes"] > 0);
    CHECK(node["received_bytes"] > 0);

    auto const cleared = post(service, clear_path + "?name=meshes&pattern=a*").document();
    CHECK(cleared["complete"] == true);
    CHECK(cleared["caches"][0]["l1_entries"] == 2);
    CHECK(cleared["caches"][0]["l2_entries"] == 2);
    CHECK(cleared["caches"][0]["nodes"] == 1);
    CHECK(cleared["caches"][0]["failed_nodes"] == 0);

    server.kill();
    until([&] { return !meshes.held.stats().nodes.at(0).connection.connected; });
    auto const away = get(service, stats_path).document()["caches"][0]["nodes"][0];
    CHECK(away["connected"] == false);
    CHECK(away["trouble"] != "");
    auto const status = get(service, "/api/v1/status").document()["components"][1];
    CHECK(status["operational"] == true);
    CHECK(status["detail"].get<std::string>().starts_with("works without 127.0.0.1:"));
    auto const failed = post(service, clear_path).document();
    CHECK(failed["complete"] == false);
    CHECK(failed["caches"][0]["complete"] == false);
    CHECK(failed["caches"][0]["l1_entries"] == 1); // what is here goes all the same
    CHECK(failed["caches"][0]["failed_nodes"] == 1);
}
