// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/http/router.hpp>

#include <random>
#include <string>

namespace http = orfeas::http;
using router = http::basic_router<int>;

namespace {

int found(router const& routes, std::string_view method, std::string_view path) {
    auto const match = routes.match(method, path);
    return match.endpoint == nullptr ? 0 : *match.endpoint;
}

router sample() {
    router routes;
    routes.add("GET", "/", 1);
    routes.add("GET", "/api/v1/traces", 2);
    routes.add("GET", "/api/v1/traces/{id}", 3);
    routes.add("DELETE", "/api/v1/traces/{trace}", 4);
    routes.add("GET", "/api/v1/traces/recent", 5);
    routes.add("GET", "/{a}/v1/{b}/x", 6);
    routes.add("POST", "/api/v1/generate", 7);
    routes.add("GET", "/dir/", 8);
    return routes;
}

} // namespace

TEST_CASE("http: paths lead to their routes") {
    auto const routes = sample();
    CHECK(found(routes, "GET", "/") == 1);
    CHECK(found(routes, "GET", "/api/v1/traces") == 2);
    CHECK(found(routes, "GET", "/api/v1/traces/77") == 3);
    CHECK(found(routes, "DELETE", "/api/v1/traces/77") == 4);
    CHECK(found(routes, "GET", "/api/v1/traces/recent") == 5);
    CHECK(found(routes, "GET", "/dir/") == 8);
    for (auto const* nowhere : {"", "*", "api", "/api", "/api/v1", "/api/v1/traces/", "/api/v1/traces/1/2", "//",
                                "/dir", "/API/v1/traces", "/api/v1/../v1/traces", "/api//traces"}) {
        CAPTURE(nowhere);
        CHECK(found(routes, "GET", nowhere) == 0);
        CHECK(routes.match("GET", nowhere).allowed.empty());
    }
}

TEST_CASE("http: a literal that leads nowhere is given up for a parameter") {
    auto const routes = sample();
    CHECK(found(routes, "GET", "/api/v1/traces/x") == 3);
    CHECK(found(routes, "GET", "/api/v1/other/x") == 6);
    auto const match = routes.match("GET", "/api/v1/other/x");
    CHECK(match.parameters == std::vector<http::parameter>{{"a", "api"}, {"b", "other"}});
    CHECK(match.pattern == "/{a}/v1/{b}/x");
}

TEST_CASE("http: parameters are decoded, bear the names of their own route and are never empty") {
    auto const routes = sample();
    CHECK(routes.match("GET", "/api/v1/traces/a%20b%2Fc").parameters == std::vector<http::parameter>{{"id", "a b/c"}});
    CHECK(routes.match("DELETE", "/api/v1/traces/7").parameters == std::vector<http::parameter>{{"trace", "7"}});
    CHECK(found(routes, "GET", "/%61pi/v1/traces") == 2);
    CHECK(routes.match("GET", "/api/v1/traces/").endpoint == nullptr);
}

TEST_CASE("http: another method gets to know those that are allowed") {
    auto const routes = sample();
    auto const match = routes.match("PUT", "/api/v1/traces/7");
    CHECK(match.endpoint == nullptr);
    CHECK(match.allowed == "DELETE, GET, HEAD, OPTIONS");
    CHECK_FALSE(match.pattern.empty());
    CHECK(routes.match("GET", "/api/v1/generate").allowed == "OPTIONS, POST");
    CHECK(found(routes, "HEAD", "/api/v1/traces") == 2);
    CHECK(found(routes, "HEAD", "/api/v1/generate") == 0);
}

TEST_CASE("http: a route of its own answers HEAD or OPTIONS if there is one") {
    router routes;
    routes.add("GET", "/x", 1);
    routes.add("HEAD", "/x", 2);
    routes.add("OPTIONS", "/x", 3);
    CHECK(found(routes, "HEAD", "/x") == 2);
    CHECK(found(routes, "OPTIONS", "/x") == 3);
}

TEST_CASE("http: malformed and repeated patterns are refused") {
    router routes;
    routes.add("GET", "/x/{id}", 1);
    CHECK_THROWS_WITH(routes.add("GET", "/x/{other}", 2), "the route GET /x/{other} is there already");
    for (auto const* wrong : {"", "x", "/{", "/}", "/a{b}", "/{}", "/{a}b"}) {
        CAPTURE(wrong);
        CHECK_THROWS_AS(routes.add("GET", wrong, 3), std::invalid_argument);
    }
    CHECK_THROWS_AS(routes.add("", "/y", 3), std::invalid_argument);
    CHECK_THROWS_AS(routes.add("GET POST", "/y", 3), std::invalid_argument);
}

TEST_CASE("http: routes keep their endpoints and patterns while others are added") {
    router routes;
    routes.add("GET", "/first", 1);
    auto const before = routes.match("GET", "/first");
    for (int i = 0; i < 1000; ++i) {
        routes.add("GET", "/r/" + std::to_string(i), i);
    }
    CHECK(before.endpoint == routes.match("GET", "/first").endpoint);
    CHECK(before.pattern == "/first");
    CHECK(found(routes, "GET", "/r/999") == 999);
}

TEST_CASE("http: random routes and paths agree with a plain model") {
    auto const seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random{seed};
    auto const segment = [&](bool pattern) -> std::string {
        auto const pick = random() % (pattern ? 4 : 3);
        return pick == 3 ? "{p}" : std::string(1, static_cast<char>('a' + pick));
    };
    auto const path = [&](bool pattern) {
        std::string text;
        for (auto n = 1 + random() % 3; n > 0; --n) {
            text += "/" + segment(pattern);
        }
        return text;
    };
    auto const matches = [](std::string const& pattern, std::string const& text) {
        auto left = std::string_view{pattern}.substr(1);
        auto right = std::string_view{text}.substr(1);
        while (!left.empty() && !right.empty()) {
            auto const a = http::detail::take_part(left, '/');
            auto const b = http::detail::take_part(right, '/');
            if (a != b && a != "{p}") {
                return false;
            }
        }
        return left.empty() && right.empty();
    };
    auto const preferred = [](std::string const& a, std::string const& b) { // literals sort before "{"
        return a < b;
    };
    for (int round = 0; round < 200; ++round) {
        router routes;
        std::vector<std::string> patterns;
        for (int i = 0; i < 8; ++i) {
            auto const pattern = path(true);
            if (std::find(patterns.begin(), patterns.end(), pattern) == patterns.end()) {
                routes.add("GET", pattern, static_cast<int>(patterns.size()) + 1);
                patterns.push_back(pattern);
            }
        }
        for (int i = 0; i < 30; ++i) {
            auto const text = path(false);
            CAPTURE(text);
            int expected = 0;
            for (std::size_t k = 0; k < patterns.size(); ++k) {
                if (matches(patterns[k], text) &&
                    (expected == 0 || preferred(patterns[k], patterns[static_cast<std::size_t>(expected) - 1]))) {
                    expected = static_cast<int>(k) + 1;
                }
            }
            REQUIRE(found(routes, "GET", text) == expected);
        }
    }
}
