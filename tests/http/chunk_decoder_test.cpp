// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/http/chunk_decoder.hpp>

#include <random>
#include <string>

namespace http = orfeas::http;
using http::refusal;
using state = http::chunk_decoder::state;

namespace {

struct decoded {
    state outcome = state::incomplete;
    std::string data;
    std::size_t consumed = 0;
    refusal reason{};
};

/// Decodes `text` in pieces of at most `piece` bytes.
decoded decode(std::string_view text, std::size_t piece = 1000, std::uint64_t limit = 1000) {
    http::chunk_decoder decoder{limit};
    std::vector<std::byte> data;
    decoded all;
    while (!text.empty() && all.outcome == state::incomplete) {
        auto const input = text.substr(0, piece);
        auto const result = decoder.decode(input, data);
        all.outcome = result.outcome;
        all.consumed += result.consumed;
        all.reason = result.reason;
        text.remove_prefix(result.consumed);
    }
    all.data.assign(reinterpret_cast<char const*>(data.data()), data.size());
    return all;
}

} // namespace

TEST_CASE("http: chunks become the body, in pieces of any size") {
    std::string const text =
        "5\r\nhello\r\n1;name=\"value\"\r\n \r\n00A\r\n0123456789\r\n0\r\nX-Trailer: y\r\nZ:\r\n\r\nGET";
    for (std::size_t piece = 1; piece < 40; ++piece) {
        auto const result = decode(text, piece);
        REQUIRE(result.outcome == state::complete);
        CHECK(result.data == "hello 0123456789");
        CHECK(result.consumed == text.size() - 3);
    }
}

TEST_CASE("http: an empty chunked body is complete") {
    auto const result = decode("0\r\n\r\n");
    CHECK(result.outcome == state::complete);
    CHECK(result.data.empty());
}

TEST_CASE("http: what breaks the grammar is refused") {
    for (std::string const text : {"\r\n",
                                   "g\r\n",
                                   " 5\r\nhello\r\n",
                                   "5 \r\nhello\r\n",
                                   "5\nhello\r\n",
                                   "5\rhello",
                                   "0x5\r\nhello\r\n",
                                   "+5\r\nhello\r\n",
                                   "-1\r\n",
                                   ";a\r\n",
                                   "5\r\nhellox\r\n",
                                   "5\r\nhello\n",
                                   "5\r\nhello\rx",
                                   "5;a\n",
                                   "5;a\x01\r\n",
                                   "ffffffffffffffff\r\n",
                                   "0000000000000000\r\n",
                                   "0\r\nno colon\r\n",
                                   "0\r\n: x\r\n",
                                   "0\r\na b: x\r\n",
                                   "0\r\n folded: x\r\n",
                                   "0\r\na: x\ny",
                                   "0\r\na\r\n",
                                   "0\r\n\rx"}) {
        CAPTURE(text);
        auto const result = decode(text);
        CHECK(result.outcome == state::refused);
        CHECK(result.reason == refusal::malformed_chunk);
        CHECK(decode(text, 1).outcome == state::refused);
    }
}

TEST_CASE("http: size lines and trailers are bounded") {
    CHECK(decode("1;" + std::string(256, 'x') + "\r\na\r\n0\r\n\r\n").outcome == state::complete);
    CHECK(decode("1;" + std::string(257, 'x') + "\r\na\r\n0\r\n\r\n").outcome == state::refused);
    std::string const trailer = "a: " + std::string(95, 'x') + "\r\n";
    std::string many = "0\r\n";
    for (int i = 0; i < 50; ++i) {
        many += trailer;
    }
    CHECK(decode(many + "\r\n").outcome == state::refused);
}

TEST_CASE("http: the limit holds to the byte and before the data is taken") {
    CHECK(decode("a\r\n0123456789\r\n0\r\n\r\n", 1000, 10).outcome == state::complete);
    auto const once = decode("b\r\n", 1000, 10);
    CHECK(once.outcome == state::refused);
    CHECK(once.reason == refusal::body_too_large);
    auto const second = decode("5\r\nhello\r\n6\r\nhello!", 3, 10);
    CHECK(second.reason == refusal::body_too_large);
    CHECK(second.data == "hello");
    CHECK(decode("fffffffffffffff\r\n", 1000, ~std::uint64_t{0}).outcome == state::incomplete);
}

TEST_CASE("http: a decoder that has refused stays so, and one that is complete takes nothing more") {
    std::vector<std::byte> data;
    http::chunk_decoder broken{10};
    CHECK(broken.decode("x", data).outcome == state::refused);
    CHECK(broken.decode("0\r\n\r\n", data).outcome == state::refused);
    http::chunk_decoder whole{10};
    CHECK(whole.decode("0\r\n\r\n", data).outcome == state::complete);
    CHECK(whole.decode("1\r\na", data).consumed == 0);
    CHECK(data.empty());
}

TEST_CASE("http: random bodies in random chunks and pieces come out as they were") {
    auto const seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random{seed};
    for (int round = 0; round < 300; ++round) {
        std::string body;
        std::string text;
        for (auto chunks = random() % 6; chunks > 0; --chunks) {
            std::string part(1 + random() % 50, '\0');
            for (auto& c : part) {
                c = static_cast<char>(random());
            }
            char size[16];
            std::snprintf(size, sizeof size, random() % 2 ? "%zx" : "%zX", part.size());
            body += part;
            text.append(size).append("\r\n").append(part).append("\r\n");
        }
        auto const result = decode(text + "0\r\n\r\n", 1 + random() % 30);
        REQUIRE(result.outcome == state::complete);
        REQUIRE(result.data == body);
    }
}
