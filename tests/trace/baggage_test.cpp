// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/trace/baggage.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace trace = orfeas::trace;
using trace::baggage_reading;

namespace {

std::string value_of(trace::baggage const& from, std::string_view key) {
    auto const* const found = from.find(key);
    return found != nullptr ? *found : "(absent)";
}

bool is_plain_token(std::string const& text) {
    std::string const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~";
    return !text.empty() && text.find_first_not_of(allowed) == std::string::npos;
}

/// %x21 / %x23-2B / %x2D-3A / %x3C-5B / %x5D-7E
bool is_plain_value(std::string const& text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        int const x = static_cast<unsigned char>(c);
        return x == 0x21 || (x >= 0x23 && x <= 0x2b) || (x >= 0x2d && x <= 0x3a) || (x >= 0x3c && x <= 0x5b) ||
               (x >= 0x5d && x <= 0x7e);
    });
}

std::vector<std::string> split(std::string text, char separator) {
    std::vector<std::string> parts;
    text.push_back(separator);
    for (std::size_t at = 0; at < text.size();) {
        auto const next = text.find(separator, at);
        parts.push_back(text.substr(at, next - at));
        at = next + 1;
    }
    return parts;
}

std::string trimmed(std::string const& text) {
    auto const first = text.find_first_not_of(" \t");
    return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

struct plain_member {
    std::string key;
    std::string value; // not decoded
    std::string properties;
};

/// The grammar of the specification, word for word; nothing for what is no member.
std::optional<plain_member> plainly_read(std::string const& text) {
    auto parts = split(text, ';');
    plain_member found;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        auto const equals = parts[i].find('=');
        auto const key = trimmed(parts[i].substr(0, equals));
        auto const value = equals == std::string::npos ? "" : trimmed(parts[i].substr(equals + 1));
        if (!is_plain_token(key) || !is_plain_value(value) || (i == 0 && equals == std::string::npos)) {
            return std::nullopt;
        }
        if (i == 0) {
            found = {key, value, ""};
        } else {
            found.properties += (i == 1 ? "" : ";") + key + (equals == std::string::npos ? "" : "=" + value);
        }
    }
    return found;
}

std::string any_bytes(std::mt19937& random, std::size_t longest) {
    std::string text(random() % (longest + 1), ' ');
    for (char& c : text) {
        c = static_cast<char>(random() % 256);
    }
    return text;
}

} // namespace

TEST_CASE("trace: a baggage is read with its values decoded and its properties as they came") {
    auto const read =
        baggage_reading::of("user=alice , server node=x, serverNode=DF%2028;meta;more = 1 ,empty=,k=a=b%3d%25,,");
    CHECK(read.malformed == 1);
    CHECK(read.over_limit == 0);
    CHECK(read.values.size() == 4);
    CHECK(value_of(read.values, "user") == "alice");
    CHECK(value_of(read.values, "serverNode") == "DF 28");
    CHECK(value_of(read.values, "empty") == "");
    CHECK(value_of(read.values, "k") == "a=b=%");
    CHECK(value_of(read.values, "USER") == "(absent)");
    CHECK(read.values.begin()[1].properties == "meta;more=1");
    CHECK(read.values.text() == "user=alice,serverNode=DF%2028;meta;more=1,empty=,k=a=b=%25");
}

TEST_CASE("trace: what is no member of a baggage is ignored and counted") {
    auto const text =
        GENERATE(as<std::string>{}, "a", "=1", "a b=1", "a=1 2", "a=\"1\"", "a=1\\2", "a=\xC3\xA4", "a=1;", "a=1;;b",
                 "a=1;=2", "a=1;b c", "a=1;b=\"\"", ";a=1", "\xC3\xA4=1", "a\x01=1", "@=1");
    CAPTURE(text);
    auto const read = baggage_reading::of("first=1," + text + ",last=2");
    CHECK(read.malformed == 1);
    CHECK(read.values.text() == "first=1,last=2");
}

TEST_CASE("trace: percent signs that encode nothing stand for themselves") {
    CHECK(value_of(baggage_reading::of("a=%").values, "a") == "%");
    CHECK(value_of(baggage_reading::of("a=%4").values, "a") == "%4");
    CHECK(value_of(baggage_reading::of("a=%zz%41").values, "a") == "%zzA");
    CHECK(value_of(baggage_reading::of("a=100%+b").values, "a") == "100%+b");
}

TEST_CASE("trace: what decodes to no UTF-8 becomes the replacement character") {
    CHECK(value_of(baggage_reading::of("a=%C3%A4").values, "a") == "\xC3\xA4");
    CHECK(value_of(baggage_reading::of("a=x%C3y").values, "a") == "x\xEF\xBF\xBDy");
    trace::baggage own;
    CHECK(own.set("a", "\xFF"));
    CHECK(value_of(own, "a") == "\xEF\xBF\xBD");
}

TEST_CASE("trace: values are set, replaced and taken out") {
    trace::baggage own;
    CHECK(own.empty());
    CHECK(own.text() == "");
    CHECK(own.set("user", "alice & bob"));
    CHECK(own.set("tier", "gold", " source = crm ; audited "));
    CHECK(own.text() == "user=alice%20&%20bob,tier=gold;source=crm;audited");
    CHECK(own.set("user", "carol"));
    CHECK(own.text() == "tier=gold;source=crm;audited,user=carol");
    CHECK_FALSE(own.set("", "1"));
    CHECK_FALSE(own.set("two words", "1"));
    CHECK_FALSE(own.set("user", "1", "a b"));
    CHECK(value_of(own, "user") == "carol");
    CHECK(own.erase("tier"));
    CHECK_FALSE(own.erase("tier"));
    CHECK(own.text() == "user=carol");
    CHECK(baggage_reading::of(own.text()).values == own);
}

TEST_CASE("trace: of several members with one key all are passed on, and the last counts") {
    auto read = baggage_reading::of("a=1,b=2,a=3");
    CHECK(value_of(read.values, "a") == "3");
    CHECK(read.values.text() == "a=1,b=2,a=3");
    CHECK(read.values.set("a", "4"));
    CHECK(read.values.text() == "b=2,a=4");
}

TEST_CASE("trace: a baggage holds 180 members and 8192 bytes, and drops whole members beyond") {
    std::string list;
    for (int i = 0; i < 200; ++i) {
        list += "k" + std::to_string(i) + "=v,";
    }
    auto many = baggage_reading::of(list);
    CHECK(many.values.size() == 180);
    CHECK(many.over_limit == 20);
    CHECK_FALSE(many.values.set("new", "1"));
    CHECK(many.values.set("k5", "1"));

    auto const exact = baggage_reading::of("a=" + std::string(8190, 'x'));
    CHECK(exact.values.text().size() == 8192);
    CHECK(baggage_reading::of("a=" + std::string(8191, 'x')).over_limit == 1);
    auto const some = baggage_reading::of("a=1,b=" + std::string(8190, 'x') + ",c=3");
    CHECK(some.values.text() == "a=1,c=3");
    CHECK(some.over_limit == 1);

    trace::baggage own;
    CHECK_FALSE(own.set("a", std::string(2731, ' '))); // 8193 bytes as %20
    CHECK(own.set("a", std::string(2730, ' ')));
    CHECK_FALSE(own.set("b", ""));
    CHECK(own.text().size() == 8192);
}

TEST_CASE("trace: random baggage is read as a plain reader reads it") {
    std::uint32_t const seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random{seed};
    std::string const likely = "aab1===;,,, \t%20%C3\\\"";
    std::size_t members = 0;
    for (int round = 0; round < 5'000; ++round) {
        std::string text;
        for (std::size_t length = random() % 60; length > 0; --length) {
            text.push_back(random() % 40 == 0 ? static_cast<char>(random() % 256) : likely[random() % likely.size()]);
        }
        CAPTURE(text);
        std::size_t malformed = 0;
        std::vector<plain_member> expected;
        for (auto const& part : split(text, ',')) {
            if (trimmed(part).empty()) {
                continue;
            }
            if (auto const member = plainly_read(part)) {
                expected.push_back(*member);
            } else {
                ++malformed;
            }
        }
        auto const read = baggage_reading::of(text);
        REQUIRE(read.malformed == malformed);
        REQUIRE(read.over_limit == 0);
        REQUIRE(read.values.size() == expected.size());
        for (std::size_t i = 0; i < expected.size(); ++i) {
            auto const& got = read.values.begin()[static_cast<std::ptrdiff_t>(i)];
            REQUIRE(got.key == expected[i].key);
            REQUIRE(got.properties == expected[i].properties);
            REQUIRE((expected[i].value.find('%') != std::string::npos || got.value == expected[i].value));
        }
        auto const again = baggage_reading::of(read.values.text());
        REQUIRE(again.malformed == 0);
        REQUIRE(again.values == read.values);
        members += expected.size();
    }
    CHECK(members > 1000);
}

TEST_CASE("trace: any bytes are a value, and come back as UTF-8") {
    std::uint32_t const seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random{seed};
    for (int round = 0; round < 2'000; ++round) {
        trace::baggage own;
        auto const bytes = any_bytes(random, 40);
        REQUIRE(own.set("k", bytes));
        auto const text = own.text();
        REQUIRE(is_plain_value(text.substr(2)));
        auto const read = baggage_reading::of(text);
        REQUIRE(read.values == own);
        bool const is_ascii = std::all_of(bytes.begin(), bytes.end(), [](char c) { return c >= 0; });
        if (is_ascii) {
            REQUIRE(value_of(read.values, "k") == bytes);
        }
        static_cast<void>(baggage_reading::of(any_bytes(random, 300))); // garbage of any kind is survived
    }
}
