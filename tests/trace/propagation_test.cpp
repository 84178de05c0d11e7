// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/trace/propagation.hpp>

#include <random>
#include <string>

namespace trace = orfeas::trace;

namespace {

std::string const ids = "12345678901234567890123456789012-1234567890123456";

std::string repeated(std::size_t count, char c) {
    return std::string(count, c);
}

} // namespace

TEST_CASE("trace: a traceparent of version 00 is read and written back") {
    auto const text = "00-" + ids + "-01";
    auto const parsed = trace::parse_traceparent(text);
    REQUIRE(parsed.has_value());
    CHECK(to_string(parsed->trace) == "12345678901234567890123456789012");
    CHECK(to_string(parsed->span) == "1234567890123456");
    CHECK(parsed->sampled());
    CHECK_FALSE(parsed->random());
    CHECK(trace::format_traceparent(*parsed).view() == text);
}

TEST_CASE("trace: only the known flags of a traceparent are kept") {
    auto const parsed = trace::parse_traceparent("00-" + ids + "-fe");
    REQUIRE(parsed.has_value());
    CHECK(parsed->flags == trace::span_context::random_flag);
}

TEST_CASE("trace: white space around a traceparent is ignored") {
    CHECK(trace::parse_traceparent("\t 00-" + ids + "-01 \t").has_value());
}

TEST_CASE("trace: higher versions of traceparent are read by the fields that they share") {
    CHECK(trace::parse_traceparent("cc-" + ids + "-01").has_value());
    CHECK(trace::parse_traceparent("cc-" + ids + "-01-what-the-future-will-be-like").has_value());
    CHECK_FALSE(trace::parse_traceparent("cc-" + ids + "-01.what-the-future-will-be-like").has_value());
}

TEST_CASE("trace: a malformed traceparent is ignored") {
    auto const text =
        GENERATE(as<std::string>{}, "", "-", "00-", "00-" + ids + "-01.", "00-" + ids + "-01-more", "ff-" + ids + "-01",
                 ".0-" + ids + "-01", "0.-" + ids + "-01", "000-" + ids + "-01", "0-" + ids + "-01",
                 "00-" + ids + "-.0", "00-" + ids + "-0.", "00-" + ids + "-001", "00-" + ids + "-1",
                 "00-" + ids + "-0A", "0G-" + ids + "-01", "00-00000000000000000000000000000000-1234567890123456-01",
                 "00-12345678901234567890123456789012-0000000000000000-01",
                 "00-1234567890123456789012345678901.-1234567890123456-01",
                 "00-1234567890123456789012345678901A-1234567890123456-01",
                 "00-123456789012345678901234567890123-1234567890123456-01",
                 "00-1234567890123456789012345678901-1234567890123456-01",
                 "00-12345678901234567890123456789012-123456789012345.-01",
                 "00_12345678901234567890123456789012-1234567890123456-01",
                 "00-12345678901234567890123456789012_1234567890123456-01",
                 "00-12345678901234567890123456789012-1234567890123456_01");
    CAPTURE(text);
    CHECK_FALSE(trace::parse_traceparent(text).has_value());
}

TEST_CASE("trace: a mutated traceparent never reads as something that does not write back the same") {
    std::uint32_t const seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random{seed};
    std::string const original = "00-" + ids + "-01";
    for (int round = 0; round < 20'000; ++round) {
        std::string text = original;
        for (std::size_t changes = random() % 3 + 1; changes > 0; --changes) {
            text[random() % text.size()] = static_cast<char>(random() % 256);
        }
        if (random() % 4 == 0) {
            text.resize(random() % 80, '0');
        }
        auto const parsed = trace::parse_traceparent(text);
        if (parsed && text.starts_with("00")) {
            auto const written = trace::format_traceparent(*parsed);
            REQUIRE(text.find(written.view().substr(0, 53)) != std::string::npos);
        }
    }
}

TEST_CASE("trace: a tracestate keeps its members in order and loses white space and empty members") {
    CHECK(trace::normalize_tracestate("foo=1") == "foo=1");
    CHECK(trace::normalize_tracestate("foo=1 \t , \t bar=2, \t baz=3") == "foo=1,bar=2,baz=3");
    CHECK(trace::normalize_tracestate(",,foo=1,,") == "foo=1");
    CHECK(trace::normalize_tracestate("").value() == "");
    CHECK(trace::normalize_tracestate("foo=1,foo=2") == "foo=1,foo=2");
    CHECK(trace::normalize_tracestate("foo= leading") == "foo= leading");
    CHECK(trace::normalize_tracestate("foo@=1,foo@@bar=1,0a-_*/=~") == "foo@=1,foo@@bar=1,0a-_*/=~");
}

TEST_CASE("trace: a malformed tracestate is refused") {
    auto const text = GENERATE(as<std::string>{}, "foo", "foo=", "=1", "foo =1", "FOO=1", "foo.bar=1", "@foo=1,bar=2",
                               "foo=1=2", "foo=\x01", "foo=\xC3\xA4", "_foo=1");
    CAPTURE(text);
    CHECK_FALSE(trace::normalize_tracestate(text).has_value());
}

TEST_CASE("trace: the limits of a tracestate's members") {
    CHECK(trace::normalize_tracestate(repeated(256, 'z') + "=1").has_value());
    CHECK_FALSE(trace::normalize_tracestate(repeated(257, 'z') + "=1").has_value());
    CHECK(trace::normalize_tracestate("a=" + repeated(256, 'v')).has_value());
    CHECK_FALSE(trace::normalize_tracestate("a=" + repeated(257, 'v')).has_value());
    std::string list = "k0=0";
    for (int i = 1; i < 32; ++i) {
        list += ",k" + std::to_string(i) + "=0";
    }
    CHECK(trace::normalize_tracestate(list) == list);
    CHECK_FALSE(trace::normalize_tracestate(list + ",one=more").has_value());
}

TEST_CASE("trace: a long tracestate loses whole members, large ones first, then from the end") {
    auto const large = "large=" + repeated(200, 'x');
    auto const small = [](char name) { return std::string(1, name) + "=" + repeated(98, 'x'); };
    auto const list = small('a') + "," + large + "," + small('b') + "," + small('c') + "," + small('d');
    CHECK(trace::normalize_tracestate(list) == small('a') + "," + small('b') + "," + small('c') + "," + small('d'));
    auto const six =
        small('a') + "," + small('b') + "," + small('c') + "," + small('d') + "," + small('e') + "," + small('f');
    CHECK(trace::normalize_tracestate(six)->size() == 5 * 100 + 4);
    CHECK(trace::normalize_tracestate(six)->starts_with("a="));
}

TEST_CASE("trace: a remote parent needs a traceparent, and a bad tracestate does it no harm") {
    CHECK_FALSE(trace::extract("", "foo=1").has_value());
    auto const parent = trace::extract("00-" + ids + "-00", "foo=1, bar=2");
    REQUIRE(parent.has_value());
    CHECK(parent->tracestate() == "foo=1,bar=2");
    auto const without = trace::extract("00-" + ids + "-00", "FOO=1");
    REQUIRE(without.has_value());
    CHECK(without->tracestate().empty());
}
