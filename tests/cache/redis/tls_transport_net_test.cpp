// SPDX-License-Identifier: MIT
#include "support/catch.hpp"
#include "support/redis_server.hpp"

#include <orfeas/cache/redis/connection.hpp>
#include <orfeas/cache/redis/tls_transport.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <stdlib.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace net = orfeas::net;
namespace redis = orfeas::cache::redis;
using orfeas_test::redis_server;
using redis::error;

namespace {

using tls_connection = redis::basic_connection<asio::any_io_executor, redis::tls_transport>;

/// Certificates for "localhost" of an authority of our own, made by the openssl command in a folder that goes again.
class authority {
  public:
    authority() {
        auto pattern = (std::filesystem::temp_directory_path() / "orfeas-tls-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
        is_made_ =
            run("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=authority "
                "-keyout ca.key -out ca.pem") &&
            run("req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=node "
                "-addext subjectAltName=DNS:localhost -keyout node.key -out node.csr") &&
            run("x509 -req -in node.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -copy_extensions copyall "
                "-out node.pem");
    }
    authority(authority const&) = delete;
    authority& operator=(authority const&) = delete;
    ~authority() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }

    bool is_made() const { return is_made_; }
    std::string file(std::string const& name) const { return folder_ + "/" + name; }

    /// Has the server speak TLS on `port` and show the node's certificate; clients need one when `mutual`.
    std::vector<std::string> arguments(std::uint16_t port, bool mutual) const {
        return {"--tls-port",     std::to_string(port), "--tls-cert-file", file("node.pem"),     "--tls-key-file",
                file("node.key"), "--tls-ca-cert-file", file("ca.pem"),    "--tls-auth-clients", mutual ? "yes" : "no"};
    }

  private:
    bool run(std::string const& words) const {
        return std::system(("cd " + folder_ + " && openssl " + words + " >log 2>&1").c_str()) == 0;
    }

    std::string folder_;
    bool is_made_ = false;
};

/// A server that speaks TLS, or why there is none.
class tls_server {
  public:
    explicit tls_server(bool mutual) {
        if (!redis_server::is_installed()) {
            missing_ = "redis-server is not installed";
        } else if (!trusted.is_made()) {
            missing_ = "the openssl command makes no certificates here";
        } else {
            try {
                server.emplace(trusted.arguments(port, mutual));
            } catch (std::runtime_error const&) {
                missing_ = "redis-server is built without TLS";
            }
        }
    }

    /// Empty when the server runs.
    std::string const& missing() const { return missing_; }
    std::string url() const { return "rediss://localhost:" + std::to_string(port); }
    std::string file(std::string const& name) const { return trusted.file(name); }

    authority const trusted{};
    std::uint16_t const port = orfeas_test::free_port();
    std::optional<redis_server> server{};

  private:
    std::string missing_;
};

/// What a PING over TLS ends with, and how large a value made it there and back.
struct outcome {
    redis::result pong;
    std::size_t echoed = 0;
};

outcome call(std::string const& url, net::tls_options const& options) {
    asio::io_context io;
    tls_connection over{
        io.get_executor(), redis::parse_endpoint(url), {.call_deadline = 20s}, {}, {}, redis::tls_transport{options}};
    over.start();
    outcome got;
    std::exception_ptr failure;
    auto work = [&]() -> asio::awaitable<void> {
        redis::request ping;
        ping.append("PING");
        got.pong = co_await over.execute(ping);
        redis::request echo;
        echo.append("ECHO", std::string(300'000, 'e'));
        auto const echoed = co_await over.execute(echo);
        got.echoed = echoed ? echoed.replies[0].text().size() : 0;
        co_await over.stop();
    };
    asio::co_spawn(io, work(), [&](std::exception_ptr e) { failure = e; });
    io.run_for(60s);
    CHECK(io.stopped());
    if (failure) {
        std::rethrow_exception(failure);
    }
    return got;
}

} // namespace

TEST_CASE("redis tls_transport: requests and replies go over TLS, and certificates count") {
    tls_server const tls{false};
    if (!tls.missing().empty()) {
        ORFEAS_TEST_SKIP(tls.missing());
    }
    auto const good = call(tls.url(), {.authorities_file = tls.file("ca.pem")});
    CHECK(good.pong);
    CHECK(good.echoed == 300'000);

    auto const refused = make_error_code(error::tls_refused);
    CHECK(call(tls.url(), {}).pong.error == refused); // nobody of the system's vouches for it
    CHECK(call(tls.url(), {.authorities_file = tls.file("ca.pem"), .server_name = "elsewhere"}).pong.error == refused);
    CHECK(call("rediss://127.0.0.1:" + std::to_string(tls.port), {.authorities_file = tls.file("ca.pem")}).pong.error ==
          refused);
    CHECK(call(tls.url(), {.verify = false}).pong);
    // TLS to a port that has none: the server waits for the end of a line that never comes.
    CHECK(call("rediss://localhost:" + std::to_string(tls.server->port()), {.verify = false}).pong.error.failed());
}

TEST_CASE("redis tls_transport: a server may want to see the client's certificate") {
    tls_server const tls{true};
    if (!tls.missing().empty()) {
        ORFEAS_TEST_SKIP(tls.missing());
    }
    CHECK(call(tls.url(), {.authorities_file = tls.file("ca.pem"),
                           .certificate_file = tls.file("node.pem"),
                           .key_file = tls.file("node.key")})
              .pong);
    CHECK(call(tls.url(), {.authorities_file = tls.file("ca.pem")}).pong.error.failed());
}

TEST_CASE("redis tls_transport: a connection and its server agree about TLS") {
    asio::io_context io;
    CHECK_THROWS_AS((redis::connection{io.get_executor(), redis::parse_endpoint("rediss://localhost")}),
                    orfeas::option_error);
    CHECK_THROWS_AS((tls_connection{io.get_executor(), redis::parse_endpoint("redis://localhost")}),
                    orfeas::option_error);
}
