// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/http/response_parser.hpp>

#include <random>
#include <string>

namespace http = orfeas::http;
using state = http::response_parser::state;

namespace {

struct outcome {
    state how = state::incomplete;
    http::client_error why{};
    std::string body;
    unsigned code = 0;
    std::size_t unread = 0;
    bool keeps_alive = false;
};

/// Hands `text` in as pieces whose sizes `next` gives; then, unless the answer is complete, the end of the connection.
template<class Next>
outcome read(std::string const& text, Next next, bool asks_head = false, http::response_limits limits = {}) {
    http::response_parser parser{limits};
    http::client_response into;
    parser.start(asks_head);
    std::size_t begin = 0;
    std::size_t end = 0;
    http::response_parser::result done{state::incomplete};
    while (done.outcome == state::incomplete && end < text.size()) {
        end = std::min(text.size(), end + next());
        done = parser.parse(std::string_view{text}.substr(begin, end - begin), into);
        begin += done.consumed;
    }
    if (done.outcome == state::incomplete) {
        done = parser.finish();
    }
    return {done.outcome, done.reason,         std::string{into.body_text()},
            into.code(),  text.size() - begin, parser.keeps_alive()};
}

outcome read(std::string const& text, bool asks_head = false, http::response_limits limits = {}) {
    return read(text, [&] { return text.size(); }, asks_head, limits);
}

http::client_error refusal(std::string const& text, http::response_limits limits = {}) {
    auto const got = read(text, false, limits);
    REQUIRE(got.how == state::refused);
    return got.why;
}

} // namespace

TEST_CASE("an answer ends where its length says, the chunks end, or the connection ends", "[http][response_parser]") {
    auto counted = read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1");
    CHECK(counted.how == state::complete);
    CHECK(counted.body == "hello");
    CHECK(counted.unread == 8);
    CHECK(counted.keeps_alive);

    auto chunked = read("HTTP/1.1 503 \r\ntransfer-encoding: Chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nX");
    CHECK(chunked.how == state::complete);
    CHECK(chunked.code == 503);
    CHECK(chunked.body == "abcde");
    CHECK(chunked.unread == 1);
    CHECK(chunked.keeps_alive);

    auto ended = read("HTTP/1.1 200\r\n\r\nuntil the end");
    CHECK(ended.how == state::complete);
    CHECK(ended.body == "until the end");
    CHECK_FALSE(ended.keeps_alive);

    CHECK(read("HTTP/1.1 204 No Content\r\n\r\n").how == state::complete);
    CHECK(read("HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n").keeps_alive);
    CHECK(read("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", true).how == state::complete);
    CHECK(read("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").how == state::complete);
    CHECK_FALSE(read("HTTP/1.1 200 OK\r\nconnection: x, Close\r\ncontent-length: 0\r\n\r\n").keeps_alive);
    CHECK_FALSE(read("HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n").keeps_alive);
}

TEST_CASE("interim answers are skipped, within reason", "[http][response_parser]") {
    auto const got = read("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
                          "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    CHECK(got.how == state::complete);
    CHECK(got.code == 200);
    CHECK(got.body == "ok");
    std::string endless;
    for (int i = 0; i < 20; ++i) {
        endless.append("HTTP/1.1 100 Continue\r\n\r\n");
    }
    CHECK(refusal(endless) == http::client_error::malformed_answer);
    CHECK(refusal("HTTP/1.1 101 Switching Protocols\r\n\r\n") == http::client_error::malformed_answer);
}

TEST_CASE("garbage is no answer", "[http][response_parser]") {
    for (char const* text : {"garbage",
                             "\r\n",
                             "HTTP/2 200\r\n\r\n",
                             "HTTP/1.2 200 OK\r\n\r\n",
                             "HTTP/1.1 20 OK\r\n\r\n",
                             "HTTP/1.1 2000 OK\r\n\r\n",
                             "HTTP/1.1 099 OK\r\n\r\n",
                             "HTTP/1.1 600 OK\r\n\r\n",
                             "HTTP/1.1  200\r\n\r\n",
                             "HTTP/1.1 +20 OK\r\n\r\n",
                             "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
                             "HTTP/1.1 200 OK\r\n folded: x\r\n\r\n",
                             "HTTP/1.1 200 OK\r\nspace : x\r\n\r\n",
                             "HTTP/1.1 200 OK\r\nx: a\x01z\r\n\r\n",
                             "HTTP/1.1 200 OK\r\ncontent-length: 5, 5\r\n\r\n",
                             "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
                             "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
                             "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
                             "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
                             "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n",
                             "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n",
                             "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n",
                             "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n"}) {
        INFO(text);
        CHECK(refusal(text) == http::client_error::malformed_answer);
    }
    CHECK(read("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\nx").how == state::complete);
}

TEST_CASE("an answer that stops early is not taken for whole", "[http][response_parser]") {
    for (char const* text :
         {"H", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell",
          "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n", "HTTP/1.1 100 Continue\r\n\r\n"}) {
        INFO(text);
        CHECK(refusal(text) == http::client_error::closed_early);
    }
}

TEST_CASE("limits hold before memory is spent", "[http][response_parser]") {
    http::response_limits const small{256, 4, 10};
    std::string const endless = "HTTP/1.1 200 OK\r\nx: " + std::string(300, 'a');
    CHECK(refusal(endless, small) == http::client_error::header_too_large);
    CHECK(refusal("HTTP/1.1 200 OK\r\na: 1\r\nb: 1\r\nc: 1\r\nd: 1\r\ne: 1\r\n\r\n", small) ==
          http::client_error::header_too_large);
    CHECK(refusal("HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n", small) == http::client_error::body_too_large);
    CHECK(refusal("HTTP/1.1 200 OK\r\n\r\n12345678901", small) == http::client_error::body_too_large);
    CHECK(refusal("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nb\r\n", small) ==
          http::client_error::body_too_large);
    CHECK(read("HTTP/1.1 200 OK\r\n\r\n1234567890", false, small).how == state::complete);
}

TEST_CASE("fields are found in any case of letters", "[http][response_parser]") {
    http::response_parser parser;
    http::client_response into;
    parser.start(false);
    parser.parse("HTTP/1.1 429 Too Many\r\nRetry-After:  7 \r\nVary: a, B\r\ncontent-length: 0\r\n\r\n", into);
    CHECK(into.code() == 429);
    CHECK(into.status() == http::status::too_many_requests);
    CHECK_FALSE(into.is_success());
    CHECK(into.field("retry-after") == "7");
    CHECK(into.field_holds("vary", "b"));
    CHECK_FALSE(into.field("absent"));
    CHECK(into.field_count() == 3);
    CHECK(into.field_at(1).first == "Vary");
}

TEST_CASE("how an answer is cut into pieces changes nothing", "[http][response_parser]") {
    auto const seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random{seed};
    std::string const texts[] = {
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nt: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: y\r\n\r\nto the end",
    };
    for (int round = 0; round < 500; ++round) {
        for (auto const& text : texts) {
            auto const whole = read(text);
            auto const cut = read(text, [&] { return std::uniform_int_distribution<std::size_t>{1, 7}(random); });
            REQUIRE(cut.how == whole.how);
            REQUIRE(cut.code == whole.code);
            REQUIRE(cut.body == whole.body);
            REQUIRE(cut.unread == whole.unread);
        }
    }
}

TEST_CASE("random bytes never harm the parser", "[http][response_parser]") {
    auto const seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random{seed};
    std::string const valid = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\nhello";
    for (int round = 0; round < 5000; ++round) {
        auto text = valid;
        for (int i = 0; i < 4; ++i) {
            text[random() % text.size()] = static_cast<char>(random());
        }
        auto const got = read(text);
        REQUIRE((got.how == state::complete || got.how == state::refused));
    }
}
