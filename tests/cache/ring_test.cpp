// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cache/hash_ring.hpp>
#include <orfeas/cache/ketama_ring.hpp>
#include <orfeas/cache/ring.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace cache = orfeas::cache;

namespace {

/// All keys on one node: the smallest ring.
struct one_node {
    explicit one_node(std::vector<cache::ring_member> given) : all{std::move(given)} {}

    static std::uint64_t hash_of(std::string_view) noexcept { return 0; }
    std::size_t node_of(std::uint64_t) const noexcept { return 0; }
    std::size_t successors(std::uint64_t, std::span<std::size_t>) const noexcept { return 0; }
    std::span<cache::ring_member const> members() const noexcept { return all; }
    double share(std::size_t node) const noexcept { return node == 0 ? 1 : 0; }

    std::vector<cache::ring_member> all;
};

/// A router whose hash may throw, or that changes under its readers, is none.
struct throwing_ring : one_node {
    using one_node::one_node;
    static std::uint64_t hash_of(std::string_view) { return 0; }
};
struct changing_ring : one_node {
    using one_node::one_node;
    std::size_t node_of(std::uint64_t) noexcept { return 0; }
};

static_assert(cache::ring<cache::hash_ring> && cache::ring<cache::ketama_ring> && cache::ring<one_node>);
static_assert(!cache::ring<throwing_ring>, "routing cannot fail");
static_assert(!cache::ring<changing_ring>, "a lookup does not change the ring");
static_assert(!cache::ring<int>);

} // namespace

TEMPLATE_TEST_CASE("cache: rings name the members as they were given", "", cache::hash_ring, cache::ketama_ring) {
    std::vector<cache::ring_member> const members{{"b", 2}, {"a"}, {"c", 3}};
    TestType const ring{members};
    CHECK(std::vector<cache::ring_member>(ring.members().begin(), ring.members().end()) == members);
    auto const more = ring.with({"d"}).with({"a", 5});
    CHECK(more.members().size() == 4);
    CHECK(more.members()[1].weight == 5);
    CHECK(more.members()[3].name == "d");
    CHECK(ring.members().size() == 3);
    double shares = 0;
    for (std::size_t i = 0; i < 3; ++i) {
        shares += ring.share(i);
        CHECK(ring.share(i) == Approx(members[i].weight / 6.0).margin(0.08));
    }
    CHECK(shares == Approx(1));
}
