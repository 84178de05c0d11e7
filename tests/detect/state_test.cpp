// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/options.hpp>
#include <orfeas/detect/state.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

using namespace orfeas::detect;

namespace {

enum class colour : std::uint8_t { red, green };

struct inner {
    std::array<double, 3> values{1.5, -0.0, std::numeric_limits<double>::quiet_NaN()};
    static void state(auto& self, auto&& io) { io(self.values); }
};

struct outer {
    static constexpr state_kind kind{"outer", 3};

    std::uint64_t count = 7;
    bool flag = true;
    colour paint = colour::green;
    std::chrono::nanoseconds time{42};
    std::vector<float> list = std::vector<float>(4, 2.5F);
    inner part{};

    static void state(auto& self, auto&& io) { io(self.count, self.flag, self.paint, self.time, self.list, self.part); }
    bool valid() const { return count < 100; }
};

std::vector<std::byte> saved(outer const& object, std::uint64_t options = 5) {
    std::vector<std::byte> bytes;
    state_writer out{bytes};
    detail::save_state(out, outer::kind, options, object);
    return bytes;
}

std::error_code loaded(std::span<std::byte const> bytes, outer& object, state_kind kind = outer::kind,
                       std::uint64_t options = 5) {
    state_reader in{bytes};
    return detail::load_state(in, kind, options, object);
}

outer changed() {
    outer made;
    made.count = 99;
    made.flag = false;
    made.paint = colour::red;
    made.time = std::chrono::nanoseconds{-3};
    made.list[2] = 8;
    made.part.values[0] = 1e-300;
    return made;
}

struct some_options {
    double level = 1;
    std::string name = "a";
    std::uint32_t count = 3;

    static void fields(auto& self, auto&& field) {
        field("level", self.level, orfeas::any_value{}, "");
        field("name", self.name, orfeas::any_value{}, "");
        field("count", self.count, orfeas::any_value{}, "");
    }
};

} // namespace

TEST_CASE("detect: what was saved is loaded bit by bit") {
    auto const bytes = saved(changed());
    CHECK(bytes.size() == 32 + (8 + 1 + 1 + 8 + 16 + 24) + 8);
    outer object;
    REQUIRE_FALSE(loaded(bytes, object));
    CHECK(object.count == 99);
    CHECK_FALSE(object.flag);
    CHECK(object.time.count() == -3);
    CHECK(saved(object) == bytes);
}

TEST_CASE("detect: states follow each other and are read in their order") {
    auto bytes = saved(changed());
    auto const second = saved(outer{});
    bytes.insert(bytes.end(), second.begin(), second.end());
    state_reader in{bytes};
    outer object;
    REQUIRE_FALSE(detail::load_state(in, outer::kind, 5, object));
    CHECK(object.count == 99);
    REQUIRE_FALSE(detail::load_state(in, outer::kind, 5, object));
    CHECK(object.count == 7);
    CHECK(in.rest().empty());
    CHECK(detail::load_state(in, outer::kind, 5, object) == error::truncated_state);
}

TEST_CASE("detect: every truncated state is refused and changes nothing") {
    auto const bytes = saved(changed());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        outer object;
        auto const refused = loaded(std::span{bytes}.first(size), object);
        INFO(size);
        CHECK(refused == error::truncated_state);
        CHECK(saved(object) == saved(outer{}));
    }
}

TEST_CASE("detect: every changed bit is found") {
    auto const bytes = saved(changed());
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            auto damaged = bytes;
            damaged[at] ^= std::byte{1} << bit;
            outer object;
            INFO(at << " " << bit);
            CHECK(loaded(damaged, object));
            CHECK(saved(object) == saved(outer{}));
        }
    }
}

TEST_CASE("detect: foreign states, other versions and other options are told apart") {
    auto const bytes = saved(changed());
    outer object;
    CHECK(loaded(bytes, object, {"inner", 3}) == error::foreign_state);
    CHECK(loaded(bytes, object, {"outer", 4}) == error::other_version);
    CHECK(loaded(bytes, object, outer::kind, 6) == error::other_options);
    std::vector<std::byte> const text(100, std::byte{'x'});
    CHECK(loaded(text, object) == error::foreign_state);
    CHECK(object.count == 7);
}

TEST_CASE("detect: numbers that cannot be are refused though the checksum is right") {
    auto impossible = changed();
    impossible.count = 100;
    outer object;
    CHECK(loaded(saved(impossible), object) == error::corrupted_state);
    CHECK(object.count == 7);
}

TEST_CASE("detect: a fingerprint differs with each option") {
    some_options const base;
    auto const usual = fingerprint(base);
    CHECK(usual == fingerprint(some_options{}));
    CHECK(usual != fingerprint(some_options{.level = 1.0000001}));
    CHECK(usual != fingerprint(some_options{.name = "b"}));
    CHECK(usual != fingerprint(some_options{.count = 4}));
}
