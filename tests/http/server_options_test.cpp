// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/http/server_options.hpp>

#include <cstdlib>

namespace http = orfeas::http;
using orfeas::option_error;

TEST_CASE("http: the defaults are valid and stay on this machine") {
    http::server_options const options;
    CHECK_NOTHROW(orfeas::validate(options));
    CHECK(options.is_loopback());
}

TEST_CASE("http: an address beyond the loopback needs a token") {
    http::server_options options;
    for (auto const* address : {"0.0.0.0", "::", "192.0.2.1"}) {
        options.address = address;
        options.token.clear();
        CHECK_THROWS_WITH(orfeas::validate(options),
                          std::string{"address is '"} + address +
                              "', but must be a loopback address unless a token is set (ORFEAS_HTTP_TOKEN)");
        options.token = "secret";
        CHECK_NOTHROW(orfeas::validate(options));
        CHECK_FALSE(options.is_loopback());
    }
    options.address = "somewhere";
    CHECK_THROWS_AS(orfeas::validate(options), option_error);
}

TEST_CASE("http: a token that no header can carry is refused, and not shown") {
    http::server_options options;
    options.token = "open\nsesame";
    CHECK_THROWS_WITH(orfeas::validate(options), !orfeas_test::contains("sesame"));
}

TEST_CASE("http: limits and deadlines have ranges") {
    auto const wrong = [](auto change) {
        http::server_options options;
        change(options);
        CHECK_THROWS_AS(orfeas::validate(options), option_error);
    };
    wrong([](auto& o) { o.header_bytes = 100; });
    wrong([](auto& o) { o.header_fields = 0; });
    wrong([](auto& o) { o.connections = 0; });
    wrong([](auto& o) { o.idle_deadline = std::chrono::milliseconds{0}; });
    wrong([](auto& o) { o.write_deadline = std::chrono::hours{25}; });
    wrong([](auto& o) { o.minimum_bytes_per_second = 0; });
}

TEST_CASE("http: options come from the environment") {
    ::setenv("ORFEAS_HTTP_PORT", "8080", 1);
    ::setenv("ORFEAS_HTTP_ALLOWED_HOSTS", "a.example,b.example:80", 1);
    ::setenv("ORFEAS_HTTP_BODY_BYTES", "2 MiB", 1);
    ::setenv("ORFEAS_HTTP_IDLE_DEADLINE", "5s", 1);
    auto const options = orfeas::from_environment<http::server_options>();
    ::unsetenv("ORFEAS_HTTP_PORT");
    ::unsetenv("ORFEAS_HTTP_ALLOWED_HOSTS");
    ::unsetenv("ORFEAS_HTTP_BODY_BYTES");
    ::unsetenv("ORFEAS_HTTP_IDLE_DEADLINE");
    CHECK(options.port == 8080);
    CHECK(options.allowed_hosts == std::vector<std::string>{"a.example", "b.example:80"});
    CHECK(options.body_bytes == 2 << 20);
    CHECK(options.idle_deadline == std::chrono::seconds{5});
}
