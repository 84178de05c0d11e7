// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cache/concepts.hpp>
#include <orfeas/cache/local.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace cache = orfeas::cache;

namespace {

struct throwing_observer {
    void operator()(cache::event, std::uint64_t) const {}
};

/// A cache with nothing but what a single-flight loader needs.
struct one_entry {
    using key_type = int;
    using mapped_type = std::string;

    cache::lookup<std::string> find(int) { return {cache::lookup_state::hit, value}; }
    std::optional<std::string> peek(int) const { return value; }
    cache::fill_token begin_fill(int) const { return {}; }
    bool fill(cache::fill_token token, int, std::optional<std::string> v) {
        return fill(token, 0, std::move(v), std::chrono::nanoseconds::max());
    }
    bool fill(cache::fill_token, int, std::optional<std::string> v, std::chrono::nanoseconds) {
        value = std::move(v);
        return true;
    }
    void record(cache::event) {}

    std::optional<std::string> value;
};

struct without_peek : private one_entry {
    using one_entry::begin_fill;
    using one_entry::fill;
    using one_entry::find;
    using one_entry::key_type;
    using one_entry::mapped_type;
    using one_entry::record;
};

static_assert(cache::observer<cache::no_observer>);
static_assert(!cache::observer<throwing_observer>, "an observer does not throw");
static_assert(!cache::observer<int>);
static_assert(cache::fillable_cache<one_entry>);
static_assert(!cache::fillable_cache<without_peek>);

} // namespace

TEST_CASE("cache: the local cache is one that a loader can fill") {
    STATIC_REQUIRE(cache::fillable_cache<cache::local<std::string, int>>);
    STATIC_REQUIRE(orfeas::measurable<cache::local<std::string, int>>);
    STATIC_REQUIRE_FALSE(std::copyable<cache::local<std::string, int>>);
}
