// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/trace/tracestate.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trace = orfeas::trace;

namespace {

std::string repeated(std::size_t count, char c) {
    return std::string(count, c);
}

trace::tracestate state(std::string_view list) {
    return trace::tracestate::parse(list).value();
}

using plain_members = std::vector<std::pair<std::string, std::string>>;

bool consists_of(std::string_view text, std::string_view allowed) {
    return text.find_first_not_of(allowed) == std::string_view::npos;
}

/// The grammar of section 3.3.1, word for word.
bool is_well_formed(std::string const& key, std::string const& value) {
    std::string const start = "abcdefghijklmnopqrstuvwxyz0123456789";
    if (key.empty() || key.size() > 256 || !consists_of(key.substr(0, 1), start) ||
        !consists_of(key, start + "_-*/@")) {
        return false;
    }
    if (value.empty() || value.size() > 256 || value.back() == ' ') {
        return false;
    }
    for (char const c : value) {
        if (c < 0x20 || c > 0x7e || c == ',' || c == '=') {
            return false;
        }
    }
    return true;
}

std::optional<plain_members> plainly_read(std::string list) {
    plain_members members;
    list.push_back(',');
    for (std::string member; !list.empty(); list.erase(0, member.size() + 1)) {
        member = list.substr(0, list.find(','));
        auto const first = member.find_first_not_of(" \t");
        if (first == std::string::npos) {
            continue;
        }
        auto const text = member.substr(first, member.find_last_not_of(" \t") - first + 1);
        auto const equals = text.find('=');
        if (equals == std::string::npos || !is_well_formed(text.substr(0, equals), text.substr(equals + 1))) {
            return std::nullopt;
        }
        members.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
    return members.size() > 32 ? std::nullopt : std::optional{members};
}

std::string plainly_joined(plain_members const& members) {
    std::string text;
    for (auto const& [key, value] : members) {
        text += (text.empty() ? "" : ",") + key + "=" + value;
    }
    return text;
}

/// Cuts to 512 characters, and never the first `keep` members.
void plainly_cut(plain_members& members, std::size_t keep) {
    while (plainly_joined(members).size() > 512) {
        std::size_t victim = members.size() - 1;
        for (std::size_t i = keep; i < members.size(); ++i) {
            if (members[i].first.size() + 1 + members[i].second.size() > 128) {
                victim = i;
            }
        }
        members.erase(members.begin() + static_cast<std::ptrdiff_t>(victim));
    }
}

std::string random_list(std::mt19937& random) {
    std::string const likely = "abz09_-*/@=,,, \tA~!";
    std::string list;
    for (std::size_t members = random() % 40; members > 0; --members) {
        std::size_t const longest = random() % 8 == 0 ? 300 : 12;
        list += std::string(random() % 2, ' ') + "k" + std::to_string(random() % 40) + "=" +
                std::string(1 + random() % longest, 'v') + ",";
    }
    for (std::size_t changes = random() % 3; changes > 0 && !list.empty(); --changes) {
        char const c = random() % 8 == 0 ? static_cast<char>(random() % 256) : likely[random() % likely.size()];
        list[random() % list.size()] = c;
    }
    return list;
}

} // namespace

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

TEST_CASE("trace: a member of a tracestate is found by its key") {
    auto const list = state("foo=1,bar=two words,foo@bar=3,foo=4");
    CHECK(list.find("foo") == "1");
    CHECK(list.find("bar") == "two words");
    CHECK(list.find("foo@bar") == "3");
    CHECK_FALSE(list.find("fo").has_value());
    CHECK_FALSE(list.find("").has_value());
    CHECK_FALSE(trace::tracestate{}.find("foo").has_value());
}

TEST_CASE("trace: a system puts its own member in front") {
    trace::tracestate list;
    CHECK(list.put("own", "1"));
    CHECK(list.text() == "own=1");
    list = state("foo=1,own=old,bar=2");
    CHECK(list.put("own", "new"));
    CHECK(list.text() == "own=new,foo=1,bar=2");
    CHECK_FALSE(list.put("OWN", "1"));
    CHECK_FALSE(list.put("", "1"));
    CHECK_FALSE(list.put("own", ""));
    CHECK_FALSE(list.put("own", "a,b=c"));
    CHECK_FALSE(list.put("own", "trailing "));
    CHECK_FALSE(list.put("own", repeated(257, 'x')));
    CHECK(list.text() == "own=new,foo=1,bar=2");
}

TEST_CASE("trace: a new member of a full tracestate pushes the last one out, never itself") {
    std::string full = "k0=0";
    for (int i = 1; i < 32; ++i) {
        full += ",k" + std::to_string(i) + "=0";
    }
    auto list = state(full);
    CHECK(list.put("own", "1"));
    CHECK(list.text() == "own=1," + full.substr(0, full.rfind(',')));
    list = state("a=" + repeated(200, 'x') + ",b=" + repeated(200, 'x'));
    CHECK(list.put("own", repeated(256, 'y')));
    CHECK(list.text() == "own=" + repeated(256, 'y') + ",a=" + repeated(200, 'x'));
    CHECK(list.put(repeated(256, 'k'),
                   repeated(256, 'y'))); // 513 characters alone: the members make room, the new one stays
    CHECK(list.text() == repeated(256, 'k') + "=" + repeated(256, 'y'));
}

TEST_CASE("trace: a member is taken out of a tracestate by its key") {
    auto list = state("foo=1,bar=2,foo=3");
    CHECK(list.erase("foo"));
    CHECK(list.text() == "bar=2");
    CHECK_FALSE(list.erase("foo"));
    CHECK(list.erase("bar"));
    CHECK(list.empty());
    CHECK_FALSE(list.erase("bar"));
}

TEST_CASE("trace: random tracestates are read and changed as a plain list is") {
    std::uint32_t const seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random{seed};
    int well_formed = 0;
    for (int round = 0; round < 5'000; ++round) {
        auto const text = random_list(random);
        CAPTURE(text);
        auto expected = plainly_read(text);
        auto parsed = trace::tracestate::parse(text);
        REQUIRE(parsed.has_value() == expected.has_value());
        if (!parsed) {
            continue;
        }
        ++well_formed;
        plainly_cut(*expected, 0);
        REQUIRE(parsed->text() == plainly_joined(*expected));
        for (int step = 0; step < 4; ++step) {
            auto const key = "k" + std::to_string(random() % 40);
            auto const erased = std::erase_if(*expected, [&](auto const& each) { return each.first == key; }) > 0;
            if (random() % 2 == 0) {
                REQUIRE(parsed->erase(key) == erased);
            } else {
                auto const value = repeated(1 + random() % 200, 'n');
                expected->insert(expected->begin(), {key, value});
                expected->resize(std::min<std::size_t>(expected->size(), 32));
                plainly_cut(*expected, 1);
                REQUIRE(parsed->put(key, value));
            }
            REQUIRE(parsed->text() == plainly_joined(*expected));
        }
    }
    CHECK(well_formed > 1000);
}
