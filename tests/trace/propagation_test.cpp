// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/trace/propagation.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>

namespace trace = orfeas::trace;

namespace {

std::string const ids = "12345678901234567890123456789012-1234567890123456";

struct read_ids {
    std::string trace;
    std::string span;
    std::uint8_t flags;
};

bool is_hex(std::string_view text) {
    return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_zero(std::string_view text) {
    return text.find_first_not_of('0') == std::string_view::npos;
}

/// What section 3.2 says, word for word.
std::optional<read_ids> plainly_read(std::string text) {
    auto const first = text.find_first_not_of(" \t");
    auto const last = text.find_last_not_of(" \t");
    text = first == std::string::npos ? std::string{} : text.substr(first, last - first + 1);
    if (text.size() < 55) {
        return std::nullopt;
    }
    auto const version = text.substr(0, 2);
    auto const trace = text.substr(3, 32);
    auto const span = text.substr(36, 16);
    auto const flags = text.substr(53, 2);
    bool const has_dashes = text[2] == '-' && text[35] == '-' && text[52] == '-';
    if (!has_dashes || !is_hex(version + trace + span + flags) || version == "ff" || is_zero(trace) || is_zero(span)) {
        return std::nullopt;
    }
    if (text.size() > 55 && (version == "00" || text[55] != '-')) {
        return std::nullopt;
    }
    return read_ids{trace, span, static_cast<std::uint8_t>(std::stoi(flags, nullptr, 16) & 3)};
}

/// `text` with some characters changed, put in, taken out, or the whole cut or drawn out.
std::string mutated(std::string text, std::string_view likely, std::mt19937& random) {
    auto const any = [&] {
        return random() % 4 == 0 ? static_cast<char>(random() % 256) : likely[random() % likely.size()];
    };
    for (std::size_t changes = random() % 4; changes > 0; --changes) {
        auto const place = text.empty() ? 0 : random() % text.size();
        switch (random() % 6) {
        case 0:
            text.insert(place, 1, any());
            break;
        case 1:
            text.erase(place, 1);
            break;
        case 2:
            text.resize(random() % 120, any());
            break;
        default:
            if (!text.empty()) {
                text[place] = any();
            }
        }
    }
    return text;
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

TEST_CASE("trace: texts of any length read as a plain reader reads them") {
    std::uint32_t const seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random{seed};
    std::string_view const likely = "0123456789abcdef-- \tAFg.\x80\xff";
    int well_formed = 0;
    for (int round = 0; round < 50'000; ++round) {
        auto const text = mutated("00-" + ids + "-01", likely, random);
        CAPTURE(text);
        auto const expected = plainly_read(text);
        auto const parsed = trace::parse_traceparent(text);
        REQUIRE(parsed.has_value() == expected.has_value());
        if (!parsed) {
            continue;
        }
        ++well_formed;
        REQUIRE(to_string(parsed->trace) == expected->trace);
        REQUIRE(to_string(parsed->span) == expected->span);
        REQUIRE(parsed->flags == expected->flags);
        auto const written = trace::format_traceparent(*parsed);
        REQUIRE(trace::parse_traceparent(written.view()) == parsed);
        REQUIRE(written.view().substr(0, 53) == "00-" + expected->trace + "-" + expected->span + "-");
    }
    CHECK(well_formed > 1000);
}

TEST_CASE("trace: every pair of characters in the place of two digits is told apart") {
    for (int first = 0; first < 256; ++first) {
        for (int second = 0; second < 256; ++second) {
            std::string text = "00-" + ids + "-01";
            for (std::size_t const place : {std::size_t{0}, std::size_t{10}, std::size_t{40}, std::size_t{53}}) {
                auto changed = text;
                changed[place] = static_cast<char>(first);
                changed[place + 1] = static_cast<char>(second);
                if (trace::parse_traceparent(changed).has_value() != plainly_read(changed).has_value()) {
                    FAIL("at " << place << ": " << first << ", " << second);
                }
            }
        }
    }
    SUCCEED("all alike");
}

TEST_CASE("trace: random ids are written and read back") {
    std::uint32_t const seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    for (int round = 0; round < 10'000; ++round) {
        trace::span_context const made{{random(), random()}, {random() | 1U}, static_cast<std::uint8_t>(random() % 4)};
        auto const text = trace::format_traceparent(made);
        REQUIRE(text.view() ==
                "00-" + to_string(made.trace) + "-" + to_string(made.span) + "-0" + std::to_string(made.flags));
        REQUIRE(trace::parse_traceparent(text) == made);
    }
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
