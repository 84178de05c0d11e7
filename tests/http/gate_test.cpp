// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/http/gate.hpp>
#include <orfeas/http/head_parser.hpp>

namespace http = orfeas::http;
using http::refusal;
using http::role;

namespace {

http::gate gate_with(http::gate_policy policy) {
    return http::gate{std::move(policy)};
}

} // namespace

TEST_CASE("http: on the loopback only its own names are answered for") {
    auto const gate = gate_with({});
    for (auto const* host :
         {"localhost", "LocalHost", "localhost:5000", "127.0.0.1", "127.0.0.1:80", "[::1]", "[::1]:5000"}) {
        CAPTURE(host);
        CHECK(gate.allows_host(host));
    }
    for (auto const* host : {"", ":80", "evil.example", "localhost.evil.example", "localhost:", "localhost:80:80",
                             "localhost:x", "localhost:123456", "127.0.0.2", "192.168.0.1", "[::1", "[::1]x", "::1",
                             "[::2]", "user@localhost", "localhost/", "localhost,evil.example", " localhost"}) {
        CAPTURE(host);
        CHECK_FALSE(gate.allows_host(host));
    }
}

TEST_CASE("http: beyond the loopback numeric addresses pass, names when they are configured") {
    auto const gate = gate_with({false, {"studio.example", "other.example:8443"}, {}, "secret"});
    for (auto const* host : {"studio.example", "STUDIO.example:5000", "other.example:8443", "10.1.2.3:5000",
                             "[fe80::1]:5000", "localhost"}) {
        CAPTURE(host);
        CHECK(gate.allows_host(host));
    }
    for (auto const* host : {"other.example", "other.example:80", "evil.example", "10.1.2.3.evil.example", "10.1.2"}) {
        CAPTURE(host);
        CHECK_FALSE(gate.allows_host(host));
    }
}

TEST_CASE("http: a page acts on its own server and on those that name it") {
    auto const gate = gate_with({true, {}, {"https://pages.example"}, ""});
    auto const allows = [&](std::string_view origin) {
        return gate.allows_origin(http::make_request("POST", "/", {{"Host", "localhost:5000"}, {"Origin", origin}}));
    };
    CHECK(gate.allows_origin(http::make_request("POST", "/"))); // not a browser
    CHECK(allows("http://localhost:5000"));
    CHECK(allows("https://LOCALHOST:5000"));
    CHECK(allows("https://pages.example"));
    for (auto const* other : {"null", "", "http://localhost:3000", "http://localhost", "http://evil.example",
                              "http://localhost:5000.evil.example", "ftp://localhost:5000", "localhost:5000",
                              "https://pages.example.evil.example"}) {
        CAPTURE(other);
        CHECK_FALSE(allows(other));
    }
}

TEST_CASE("http: the Origin counts where something changes, and for WebSockets") {
    auto const gate = gate_with({});
    auto const asked = [&](std::string_view method, bool is_websocket = false) {
        return gate.admit(http::make_request(method, "/", {{"Origin", "http://evil.example"}}), role::anyone,
                          is_websocket);
    };
    for (auto const* method : {"POST", "PUT", "PATCH", "DELETE"}) {
        CHECK(asked(method) == refusal::origin_not_allowed);
    }
    for (auto const* method : {"GET", "HEAD", "OPTIONS"}) {
        CHECK(asked(method) == std::nullopt);
    }
    CHECK(asked("GET", true) == refusal::origin_not_allowed);
}

TEST_CASE("http: without a token readers pass and operators must be on this machine") {
    auto const gate = gate_with({});
    auto q = http::make_request("POST", "/");
    for (auto const r : {role::anyone, role::reader, role::operator_action}) {
        CHECK(gate.admit(q, r) == std::nullopt);
    }
    q.set_peer("192.0.2.1", false);
    CHECK(gate.admit(q, role::reader) == std::nullopt);
    CHECK(gate.admit(q, role::operator_action) == refusal::not_local);
    auto const foreign = http::make_request("POST", "/", {{"Host", "evil.example"}});
    for (auto const r : {role::anyone, role::reader, role::operator_action}) {
        CHECK(gate.admit(foreign, r) == refusal::host_not_allowed);
    }
}

TEST_CASE("http: with a token readers and operators present it") {
    auto const gate = gate_with({true, {}, {}, "open sesame!"});
    auto const asked = [&](std::string_view credentials, role r) {
        return gate.admit(http::make_request("POST", "/", {{"Authorization", credentials}}), r);
    };
    CHECK(gate.admit(http::make_request("POST", "/"), role::anyone) == std::nullopt);
    CHECK(gate.admit(http::make_request("POST", "/"), role::reader) == refusal::unauthorized);
    for (auto const r : {role::reader, role::operator_action}) {
        CHECK(asked("Bearer open sesame!", r) == std::nullopt);
        CHECK(asked("bearer open sesame!", r) == std::nullopt);
        CHECK(asked("Basic YW55Ym9keTpvcGVuIHNlc2FtZSE=", r) == std::nullopt); // anybody:open sesame!
        for (auto const* wrong : {"Bearer", "Bearer ", "Bearer open", "Bearer open sesame?", "Bearer open sesame!!",
                                  "open sesame!", "Digest open sesame!", "Basic", "Basic YW55Ym9keQ==",
                                  "Basic YW55Ym9keTpvcGVuIHNlc2FtZSE", "Basic ====", "Basic !!!!"}) {
            CAPTURE(wrong);
            CHECK(asked(wrong, r) == refusal::unauthorized);
        }
    }
}

TEST_CASE("http: a token is visible ASCII") {
    CHECK(http::is_usable_token(""));
    CHECK(http::is_usable_token("a-Z_0~!"));
    CHECK_FALSE(http::is_usable_token("a b"));
    CHECK_FALSE(http::is_usable_token("a\n"));
    CHECK_FALSE(http::is_usable_token("\xc3\xa9"));
}
