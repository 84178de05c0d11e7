// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/http/head_parser.hpp>
#include <orfeas/http/websocket.hpp>

namespace http = orfeas::http;
using http::refusal;

namespace {

http::request handshake(std::string_view method, std::string_view upgrade, std::string_view version,
                        std::string_view key) {
    return http::make_request(method, "/ws",
                              {{"Connection", "Upgrade"},
                               {"Upgrade", upgrade},
                               {"Sec-WebSocket-Version", version},
                               {"Sec-WebSocket-Key", key}});
}

constexpr std::string_view sample_key = "dGhlIHNhbXBsZSBub25jZQ=="; // RFC 6455 section 1.3

} // namespace

TEST_CASE("http: a handshake is that of RFC 6455") {
    CHECK(http::refuse_upgrade(handshake("GET", "websocket", "13", sample_key)) == std::nullopt);
    CHECK(http::refuse_upgrade(handshake("GET", "h2c, WebSocket", "13", sample_key)) == std::nullopt);
    CHECK(http::refuse_upgrade(http::make_request("GET", "/ws")) == refusal::upgrade_required);
    CHECK(http::refuse_upgrade(handshake("GET", "h2c", "13", sample_key)) == refusal::upgrade_required);
    CHECK(http::refuse_upgrade(handshake("GET", "websocket", "8", sample_key)) == refusal::upgrade_required);
    for (auto const* key : {"", "dGhlIHNhbXBsZSBub25jZQ", "dG9vIHNob3J0", "!!!!IHNhbXBsZSBub25jZQ=="}) {
        CAPTURE(key);
        CHECK(http::refuse_upgrade(handshake("GET", "websocket", "13", key)) == refusal::malformed_upgrade);
    }
    CHECK(http::refuse_upgrade(handshake("POST", "websocket", "13", sample_key)) == refusal::malformed_upgrade);
    auto const with_body = http::make_request("GET", "/ws",
                                              {{"Connection", "Upgrade"},
                                               {"Upgrade", "websocket"},
                                               {"Sec-WebSocket-Version", "13"},
                                               {"Sec-WebSocket-Key", sample_key},
                                               {"Content-Length", "4"}});
    CHECK(http::refuse_upgrade(with_body) == refusal::malformed_upgrade);
}
