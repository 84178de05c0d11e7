// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cache/redis/parser.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace redis = orfeas::cache::redis;
using redis::kind;
using redis::parse_state;
using redis::parser;
using redis::reply_limits;
using redis::reply_view;
using redis::response;

namespace {

/// What came of a stream: the replies and pushes up to its end or to what broke it.
struct outcome {
    response replies;
    response pushes;
    parse_state last = parse_state::need_more;
    std::size_t consumed = 0;
};

/// Parses `stream` given in pieces that end at `cuts`, keeping what is not consumed as a connection does.
outcome parse_cut(std::string_view stream, std::vector<std::size_t> const& cuts, reply_limits limits = {}) {
    parser p{limits};
    outcome done;
    for (std::size_t const cut : cuts) {
        for (;;) {
            // A copy of just these bytes, so that a sanitizer sees a read behind them.
            std::vector<char> const given(stream.begin() + static_cast<std::ptrdiff_t>(done.consumed),
                                          stream.begin() + static_cast<std::ptrdiff_t>(cut));
            auto const result = p.parse({given.data(), given.size()}, &done.replies, &done.pushes);
            done.consumed += result.consumed;
            done.last = result.state;
            if (result.state == parse_state::malformed || result.state == parse_state::too_large) {
                return done;
            }
            if (result.state == parse_state::need_more) {
                break;
            }
        }
    }
    return done;
}

outcome parse_whole(std::string_view stream, reply_limits limits = {}) {
    return parse_cut(stream, {stream.size()}, limits);
}

std::vector<std::size_t> every_byte(std::string_view stream) {
    std::vector<std::size_t> cuts;
    for (std::size_t i = 1; i <= stream.size(); ++i) {
        cuts.push_back(i);
    }
    return cuts;
}

parse_state last_of(std::string_view stream, reply_limits limits = {}) {
    auto const whole = parse_whole(stream, limits);
    CHECK(parse_cut(stream, every_byte(stream), limits).last == whole.last);
    return whole.last;
}

constexpr std::string_view all_kinds = "+OK\r\n"
                                       "-ERR no such thing\r\n"
                                       ":-42\r\n"
                                       "$5\r\na\r\nbc\r\n"
                                       "$0\r\n\r\n"
                                       "$-1\r\n"
                                       "*-1\r\n"
                                       "_\r\n"
                                       ",3.25\r\n"
                                       ",-inf\r\n"
                                       "#t\r\n"
                                       "#f\r\n"
                                       "!9\r\nSYNTAX no\r\n"
                                       "(3492890328409238509324850943850943825024385\r\n"
                                       "=7\r\ntxt:abc\r\n"
                                       "*3\r\n:1\r\n*2\r\n+a\r\n_\r\n:3\r\n"
                                       "~2\r\n+x\r\n+y\r\n"
                                       "%2\r\n+k\r\n:1\r\n+l\r\n*0\r\n"
                                       "*0\r\n";

void check_all_kinds(response const& r) {
    REQUIRE(r.size() == 19);
    CHECK(r[0].kind() == kind::simple_string);
    CHECK(r[0].text() == "OK");
    CHECK(r[1].error_code() == "ERR");
    CHECK(r[1].text() == "ERR no such thing");
    CHECK_FALSE(r[1].string());
    CHECK(r[2].number() == -42);
    CHECK(r[3].string() == "a\r\nbc");
    CHECK(r[4].string() == "");
    CHECK(r[5].is_null());
    CHECK(r[6].is_null());
    CHECK(r[7].is_null());
    CHECK(r[8].real() == 3.25);
    CHECK(r[9].real() < -1e300);
    CHECK(r[10].boolean() == true);
    CHECK(r[11].boolean() == false);
    CHECK(r[12].error_code() == "SYNTAX");
    CHECK(r[13].kind() == kind::big_number);
    CHECK(r[13].text().size() == 43);
    CHECK(r[14].kind() == kind::verbatim_string);
    CHECK(r[14].text() == "abc");
    CHECK(r[15].size() == 3);
    CHECK(r[15][1].size() == 2);
    CHECK(r[15][1][0].text() == "a");
    CHECK(r[15][1][1].is_null());
    CHECK(r[15][2].number() == 3);
    CHECK(r[16].kind() == kind::set);
    CHECK(r[16][1].text() == "y");
    CHECK(r[17].kind() == kind::map);
    CHECK(r[17].size() == 4);
    CHECK(r[17].find("k")->number() == 1);
    CHECK(r[17].find("l")->size() == 0);
    CHECK_FALSE(r[17].find("m"));
    CHECK(r[18].kind() == kind::array);
    CHECK(r[18].size() == 0);
}

} // namespace

TEST_CASE("redis parser: every kind of value is read, at once and byte by byte") {
    check_all_kinds(parse_whole(all_kinds).replies);
    auto const slowly = parse_cut(all_kinds, every_byte(all_kinds));
    check_all_kinds(slowly.replies);
    CHECK(slowly.consumed == all_kinds.size());
    CHECK(slowly.last == parse_state::need_more);
}

TEST_CASE("redis parser: a stream may be cut anywhere") {
    for (std::size_t cut = 0; cut <= all_kinds.size(); ++cut) {
        INFO("cut at " << cut);
        check_all_kinds(parse_cut(all_kinds, {cut, all_kinds.size()}).replies);
    }
}

TEST_CASE("redis parser: pushes go to their own response, between replies only") {
    auto const done = parse_whole(":1\r\n>2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n:2\r\n>1\r\n_\r\n");
    CHECK(done.replies.size() == 2);
    REQUIRE(done.pushes.size() == 2);
    CHECK(done.pushes[0].kind() == kind::push);
    CHECK(done.pushes[0][1][0].string() == "k");
    CHECK(last_of("*1\r\n>1\r\n:1\r\n") == parse_state::malformed);
    CHECK(last_of(">0\r\n") == parse_state::malformed);
    CHECK(last_of(">-1\r\n") == parse_state::malformed);
}

TEST_CASE("redis parser: attributes are left out wherever they stand") {
    std::string_view const stream =
        "|1\r\n+ttl\r\n:3600\r\n*2\r\n|2\r\n+a\r\n*2\r\n:1\r\n%1\r\n+b\r\n+c\r\n+d\r\n:9\r\n:1\r\n|0\r\n:2\r\n"
        "|1\r\n+x\r\n+y\r\n>1\r\n+hello\r\n:7\r\n";
    auto check = [](outcome const& done) {
        REQUIRE(done.replies.size() == 2);
        CHECK(done.replies[0].size() == 2);
        CHECK(done.replies[0][0].number() == 1);
        CHECK(done.replies[0][1].number() == 2);
        CHECK(done.replies[1].number() == 7);
        CHECK(done.replies.text_bytes() == 0);
        REQUIRE(done.pushes.size() == 1);
        CHECK(done.pushes[0][0].text() == "hello");
    };
    check(parse_whole(stream));
    check(parse_cut(stream, every_byte(stream)));
}

TEST_CASE("redis parser: what is not RESP3 is refused") {
    for (std::string_view const bad : {"HTTP/1.1 400 Bad Request\r\n",
                                       "\x15\x03\x01",
                                       "\r\n",
                                       "\n",
                                       "?",
                                       ".\r\n",
                                       "$?\r\n",
                                       "*?\r\n",
                                       "$\r\n",
                                       "$-2\r\n",
                                       "$-11\r\n",
                                       "$1x\r\n",
                                       "$1\n",
                                       "$1\r\r\n",
                                       "$1\r\nab\r\n",
                                       "$1\r\na\rx",
                                       "$1\r\na\n",
                                       "=-1\r\n",
                                       "=3\r\ntxt\r\n",
                                       "=5\r\ntxt;a\r\n",
                                       "!-1\r\n",
                                       "%-1\r\n",
                                       "~-1\r\n",
                                       "|-1\r\n",
                                       "*-2\r\n",
                                       "*\r\n",
                                       "+a\rb\r\n",
                                       "+a\nb\r\n",
                                       "-\n",
                                       ":\r\n",
                                       ":1.5\r\n",
                                       ":+-1\r\n",
                                       ":9223372036854775808\r\n",
                                       ":123456789012345678901234567890\r\n",
                                       ",\r\n",
                                       ",1,5\r\n",
                                       ",+-1\r\n",
                                       ",x\r\n",
                                       ",1e999999\r\n",
                                       "#\r\n",
                                       "#x\r\n",
                                       "#tt\r\n",
                                       "_x\r\n",
                                       "(\r\n",
                                       "(1x\r\n",
                                       "(-\r\n",
                                       "*2\r\n:1\r\nx"}) {
        INFO("stream " << Catch::Detail::stringify(std::string{bad}));
        CHECK(last_of(bad) == parse_state::malformed);
    }
}

TEST_CASE("redis parser: limits hold before anything is allocated for a length or a count") {
    reply_limits const small{.depth = 2, .values = 5, .text_bytes = 8, .line_bytes = 6};
    CHECK(last_of("$9\r\n", small) == parse_state::too_large);
    CHECK(last_of("$8\r\n12345678\r\n", small) == parse_state::need_more);
    CHECK(last_of("*2\r\n$5\r\n12345\r\n$4\r\n", small) == parse_state::too_large);
    CHECK(last_of("*2\r\n+12345\r\n+1234\r\n", small) == parse_state::too_large);
    CHECK(last_of("+1234567\r\n", small) == parse_state::too_large);
    CHECK(last_of("+1234567", small) == parse_state::too_large);
    CHECK(last_of("+123456\r\n", small) == parse_state::need_more);
    CHECK(last_of("*6\r\n", small) == parse_state::too_large);
    CHECK(last_of("%3\r\n", small) == parse_state::too_large);
    CHECK(last_of("|3\r\n", small) == parse_state::too_large);
    CHECK(last_of("*3\r\n*2\r\n:1\r\n:2\r\n:3\r\n:4\r\n", small) == parse_state::too_large);
    CHECK(last_of("*1\r\n*1\r\n*1\r\n", small) == parse_state::too_large);
    CHECK(last_of("|1\r\n:1\r\n:1\r\n|1\r\n:1\r\n:1\r\n", small) == parse_state::too_large);
    CHECK(last_of("$99999999999\r\n", small) == parse_state::too_large);
    CHECK(last_of("*4294967295\r\n") == parse_state::too_large);
    CHECK(last_of("%9999999999\r\n") == parse_state::too_large);
    // Limits are of one reply: many of them may follow each other.
    CHECK(parse_whole("$8\r\n12345678\r\n$8\r\n12345678\r\n*1\r\n*1\r\n:1\r\n", small).replies.size() == 3);
}

TEST_CASE("redis parser: a long string is consumed as it comes") {
    parser p;
    response to;
    std::string const start = "$100000\r\nabc";
    CHECK(p.parse(start, &to, nullptr).consumed == start.size());
    CHECK(p.is_within());
    std::string const rest(99'997, 'x');
    CHECK(p.parse(rest, &to, nullptr).consumed == rest.size());
    CHECK(p.parse("\r", &to, nullptr).consumed == 0);
    CHECK(p.parse("\r\n", &to, nullptr).state == parse_state::reply);
    CHECK_FALSE(p.is_within());
    CHECK(to[0].text().size() == 100'000);
}

TEST_CASE("redis parser: a reply that nobody wants any more is read and dropped") {
    parser p;
    response to;
    CHECK(p.parse("*3\r\n$5\r\nab", &to, nullptr).state == parse_state::need_more);
    auto const result = p.parse("cde\r\n*1\r\n:1\r\n=5\r\ntxt:a\r\n:7\r\n", nullptr, nullptr);
    CHECK(result.state == parse_state::reply);
    CHECK(p.parse(":7\r\n", &to, nullptr).state == parse_state::reply);
    CHECK(p.parse(">1\r\n:1\r\n", nullptr, nullptr).state == parse_state::push);
}

TEST_CASE("redis parser: after a reset a new stream may begin") {
    parser p;
    response to;
    CHECK(p.parse("|1\r\n:1\r\n*3\r\n$5\r\nab", &to, nullptr).state == parse_state::need_more);
    p.reset();
    to.clear();
    CHECK(p.parse("+OK\r\n", &to, nullptr).state == parse_state::reply);
    CHECK(to[0].text() == "OK");
    CHECK(to.size() == 1);
}
