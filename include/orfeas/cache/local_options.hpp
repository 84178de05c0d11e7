// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/options.hpp>

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace orfeas::inline v0::cache {

/// How a `local` cache is set up. Prefix ORFEAS_CACHE_.
struct local_options {
    std::uint64_t capacity_bytes = 64U << 20U;
    std::chrono::milliseconds ttl = std::chrono::seconds{3600};
    double ttl_jitter = 0.1;
    std::chrono::milliseconds negative_ttl = std::chrono::seconds{30};
    std::chrono::milliseconds stale_while_revalidate{0};
    std::chrono::milliseconds stale_if_error{0};
    std::uint32_t shards = 0;

    static constexpr std::string_view environment_prefix = "ORFEAS_CACHE_";
    static void fields(auto& self, auto&& field) {
        using namespace std::chrono;
        milliseconds const most = hours{24 * 36500};
        field("capacity_bytes", self.capacity_bytes, at_least(1), "bytes that all entries may take together");
        field("ttl", self.ttl, in_range(milliseconds{1}, most),
              "how long an entry lives unless it is put with a time of its own");
        field("ttl_jitter", self.ttl_jitter, in_range(0.0, 1.0),
              "by which share, at random, an entry may live shorter than its time");
        field("negative_ttl", self.negative_ttl, in_range(milliseconds{1}, most),
              "how long it is remembered that a key has no value");
        field("stale_while_revalidate", self.stale_while_revalidate, in_range(milliseconds{0}, most),
              "how long after its time a value is served while it is loaded anew");
        field("stale_if_error", self.stale_if_error, in_range(milliseconds{0}, most),
              "how long after its time a value is served when loading it anew fails");
        field(
            "shards", self.shards, in_range(0, 1024),
            "parts with a mutex each for their writers, rounded up to a power of two; 0 chooses by cores and capacity");
    }

    /// The number of shards: four per core keep waiting rare; a shard of less than 4 MiB would refuse too many values.
    std::size_t shard_count() const {
        if (shards != 0) {
            return std::bit_ceil(std::size_t{shards});
        }
        long const cores = ::sysconf(_SC_NPROCESSORS_ONLN); // -1 when the system does not tell
        std::uint64_t const by_cores = cores > 0 ? std::bit_ceil(4 * static_cast<std::uint64_t>(cores)) : 4;
        std::uint64_t const by_capacity = std::bit_floor(capacity_bytes / (4U << 20U));
        return static_cast<std::size_t>(
            std::clamp(std::min(by_cores, by_capacity), std::uint64_t{1}, std::uint64_t{64}));
    }
};
static_assert(options<local_options>);

} // namespace orfeas::inline v0::cache
