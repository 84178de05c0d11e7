// SPDX-License-Identifier: MIT
#include "memory/random.hpp"
#include "support/catch.hpp"

#include <orfeas/cache/codec.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cache = orfeas::cache;

namespace {

struct point {
    float x = 0;
    float y = 0;
    friend bool operator==(point const&, point const&) = default;
};

enum class colour : std::uint8_t { red, green };

struct mesh {
    std::string name;
    std::vector<point> points;
    friend bool operator==(mesh const&, mesh const&) = default;
};

template<class T>
std::string bytes_of(T const& value) {
    std::string out;
    cache::default_codec<T>{}.encode(value, out);
    return out;
}

template<class T>
std::optional<T> read(std::string_view bytes) {
    return cache::default_codec<T>{}.decode(bytes);
}

template<class T>
bool survives(T const& value) {
    std::string out = "before";
    cache::default_codec<T>{}.encode(value, out);
    auto const back = read<T>(std::string_view{out}.substr(6));
    return out.starts_with("before") && back.has_value() && *back == value;
}

} // namespace

template<>
struct orfeas::cache::default_codec<mesh> {
    void encode(mesh const& m, std::string& out) const {
        append_part(m.name, out);
        append_part(m.points, out);
    }
    std::optional<mesh> decode(std::string_view bytes) const {
        auto name = take_part<std::string>(bytes);
        auto points = take_part<std::vector<point>>(bytes);
        return name && points && bytes.empty() ? std::optional{mesh{*name, *points}} : std::nullopt;
    }
};

namespace {

struct throwing_away {
    void encode(int, std::string&) const {}
    int decode(std::string_view) const { return 0; }
};

static_assert(cache::has_codec<mesh> && cache::has_codec<std::vector<mesh>> && cache::has_codec<point>);
static_assert(cache::has_codec<std::shared_ptr<mesh const>> && cache::has_codec<std::array<int, 4>>);
static_assert(!cache::has_codec<std::string_view>, "a view of what is gone");
static_assert(!cache::has_codec<std::span<int>>);
static_assert(!cache::has_codec<int*> && !cache::has_codec<char const*>, "an address means nothing elsewhere");
static_assert(!cache::has_codec<std::list<int>> && !cache::has_codec<std::vector<bool>>);
static_assert(!cache::has_codec<std::vector<int*>> && !cache::has_codec<std::shared_ptr<std::list<int>>>);
static_assert(!cache::codec<throwing_away, int>, "decoding can fail");

} // namespace

TEST_CASE("cache: values survive their codec") {
    CHECK(survives(42));
    CHECK(survives(-1.5));
    CHECK(survives(true));
    CHECK(survives(colour::green));
    CHECK(survives(point{1, 2}));
    CHECK(survives(std::array<std::uint16_t, 3>{1, 2, 3}));
    CHECK(survives(std::string{}));
    CHECK(survives(std::string{"with\0zero", 9}));
    CHECK(survives(std::vector<std::byte>{std::byte{0}, std::byte{255}}));
    CHECK(survives(std::vector<float>{}));
    CHECK(survives(std::vector<point>{{1, 2}, {3, 4}}));
    CHECK(survives(std::vector<std::string>{"", "a", std::string(1'000, 'b')}));
    CHECK(survives(std::vector<std::vector<int>>{{}, {1}, {2, 3}}));
    CHECK(survives(mesh{"cube", {{1, 2}, {3, 4}}}));
    CHECK(survives(mesh{}));
    CHECK(survives(std::vector<mesh>{{"a", {}}, {"b", {{1, 1}}}}));
}

TEST_CASE("cache: shared values survive, and so does nothing") {
    auto const shared = std::make_shared<mesh const>(mesh{"cube", {{1, 2}}});
    auto const back = read<std::shared_ptr<mesh const>>(bytes_of(shared));
    REQUIRE(back);
    REQUIRE(*back != nullptr);
    CHECK(**back == *shared);
    auto const nothing = read<std::shared_ptr<mesh const>>(bytes_of(std::shared_ptr<mesh const>{}));
    REQUIRE(nothing);
    CHECK(*nothing == nullptr);
}

TEST_CASE("cache: bytes of the wrong size or form are no value") {
    CHECK_FALSE(read<int>(""));
    CHECK_FALSE(read<int>("abc"));
    CHECK_FALSE(read<int>("abcde"));
    CHECK_FALSE(read<bool>("\2"));
    CHECK_FALSE(read<point>("1234567"));
    CHECK_FALSE(read<std::vector<point>>("123456789"));
    CHECK_FALSE(read<std::shared_ptr<int>>(""));
    CHECK_FALSE(read<std::shared_ptr<int>>("\2abcd"));
    CHECK_FALSE(read<std::shared_ptr<int>>("\1abc"));
    CHECK_FALSE(read<std::shared_ptr<int>>(std::string_view{"\0\0", 2}));
    CHECK_FALSE(read<mesh>("\1"));
    CHECK_FALSE(read<std::vector<std::string>>("\xff\xff\xff\xff"));
    CHECK_FALSE(read<mesh>(bytes_of(mesh{"a", {{1, 2}}}) + "x"));
}

TEST_CASE("cache: no truncation of a composed value is a value, and nothing read goes beyond the bytes") {
    auto const whole = bytes_of(mesh{"cube", {{1, 2}, {3, 4}}});
    for (std::size_t size = 0; size < whole.size(); ++size) {
        std::vector<char> const exact(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        CHECK_FALSE(read<mesh>({exact.data(), exact.size()}));
    }
}

TEST_CASE("cache: random bytes are decoded or refused") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    std::size_t decoded = 0;
    for (int i = 0; i < 20'000; ++i) {
        std::vector<char> bytes(random() % 40);
        for (auto& byte : bytes) {
            byte = random() % 2 == 0 ? static_cast<char>(random() % 8) : '\0';
        }
        std::string_view const view{bytes.data(), bytes.size()};
        if (auto const value = read<std::vector<mesh>>(view)) {
            ++decoded;
            REQUIRE(bytes_of(*value) == view);
        }
        if (auto const value = read<std::vector<std::vector<std::uint16_t>>>(view)) {
            REQUIRE(bytes_of(*value) == view);
        }
    }
    CHECK(decoded > 0); // the empty one at least
}

TEST_CASE("cache: borrowed bytes are not copied") {
    std::string const text = "some bytes";
    auto const view = cache::byte_view_codec{}.decode(text);
    REQUIRE(view);
    CHECK(static_cast<void const*>(view->data()) == text.data());
    std::string out;
    cache::byte_view_codec{}.encode(*view, out);
    CHECK(out == text);
}
