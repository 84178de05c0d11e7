// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cache/size_hint.hpp>

#include <cstddef>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cache = orfeas::cache;

namespace {

struct mesh {
    std::vector<float> points;
};

struct picture {
    std::vector<char> pixels;
    std::size_t size_bytes() const { return pixels.size(); }
};

} // namespace

template<>
struct orfeas::cache::size_hint<mesh> {
    static std::size_t bytes(mesh const& m) { return sizeof m + m.points.size() * sizeof(float); }
};

static_assert(cache::has_size_hint<int> && cache::has_size_hint<std::string> && cache::has_size_hint<mesh>);
static_assert(cache::has_size_hint<std::shared_ptr<mesh const>>);
static_assert(!cache::has_size_hint<std::list<int>>, "an unknown owner must not be guessed");
static_assert(!cache::has_size_hint<std::vector<std::list<int>>>);

TEST_CASE("cache: a size hint counts the object and what it owns") {
    CHECK(cache::size_in_bytes(7) == sizeof(int));
    CHECK(cache::size_in_bytes(std::string{"short"}) == sizeof(std::string));
    CHECK(cache::size_in_bytes(std::string(1'000, 'x')) == sizeof(std::string) + 1'001);
    CHECK(cache::size_in_bytes(std::vector<float>(100)) == sizeof(std::vector<float>) + 400);
    CHECK(cache::size_in_bytes(std::vector<std::string>{"a", std::string(99, 'b')}) ==
          sizeof(std::vector<std::string>) + 2 * sizeof(std::string) + 100);
    CHECK(cache::size_in_bytes(std::optional<std::string>{}) == sizeof(std::optional<std::string>));
    CHECK(cache::size_in_bytes(std::optional{std::string(50, 'x')}) == sizeof(std::optional<std::string>) + 51);
    CHECK(cache::size_in_bytes(std::pair<int, std::string>{1, std::string(50, 'x')}) ==
          sizeof(std::pair<int, std::string>) + 51);
}

TEST_CASE("cache: pointers count what they point to") {
    CHECK(cache::size_in_bytes(std::shared_ptr<mesh const>{}) == sizeof(std::shared_ptr<mesh>));
    auto const shared = std::make_shared<mesh const>(mesh{std::vector<float>(10)});
    CHECK(cache::size_in_bytes(shared) == sizeof shared + sizeof(mesh) + 40);
    CHECK(cache::size_in_bytes(std::make_unique<std::string>(std::string(30, 'x'))) ==
          sizeof(void*) + sizeof(std::string) + 31);
}

TEST_CASE("cache: a member size_bytes gives what a type owns") {
    CHECK(cache::size_in_bytes(picture{std::vector<char>(123)}) == sizeof(picture) + 123);
}
