// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/bytes.hpp>
#include <orfeas/core/options.hpp>

#include <chrono>
#include <cstdint>
#include <string_view>

namespace studio {

using namespace orfeas::literals;

/// How the service divides its machine. Prefix STUDIO_SERVICE_.
struct studio_options {
    std::uint32_t workers = 2;                      ///< threads that make meshes
    std::uint32_t queue = 64;                       ///< requests that may wait for a worker or be with one
    std::uint32_t batch = 4;                        ///< half of the requests taken together at most (see batch_sizer)
    std::chrono::milliseconds batch_delay{2};       ///< that a request may wait for company
    std::uint64_t cache_bytes = 256_MiB;            ///< of finished meshes in this process
    std::chrono::seconds cache_ttl{3600};           ///< how long a mesh is kept
    std::uint64_t key_seed = 0;                     ///< of the meshes' names
    std::chrono::milliseconds drain_deadline{5000}; ///< for requests in flight when the service is told to end

    static constexpr std::string_view environment_prefix = "STUDIO_SERVICE_";
    static void fields(auto& self, auto&& field) {
        using orfeas::at_least, orfeas::in_range;
        field("workers", self.workers, in_range(1, 256), "threads that make meshes");
        field("queue", self.queue, in_range(1, 10'000), "requests that may wait for a worker or be with one");
        field("batch", self.batch, in_range(1, 256), "half of the requests that are taken together at most");
        field("batch_delay", self.batch_delay, in_range(std::chrono::milliseconds{0}, std::chrono::milliseconds{1000}),
              "how long a request may wait for company, where a batch saves something; 0: not at all");
        field("cache_bytes", self.cache_bytes, at_least(1_MiB), "bytes of finished meshes kept in this process");
        field("cache_ttl", self.cache_ttl, at_least(std::chrono::seconds{1}), "how long a mesh is kept");
        field("key_seed", self.key_seed, orfeas::any_value{},
              "of the meshes' names: a secret number that services with the same servers share; 0: none, or without "
              "servers a new one in each run");
        field("drain_deadline", self.drain_deadline, at_least(std::chrono::milliseconds{0}),
              "for requests in flight when the service is told to end");
    }
};
static_assert(orfeas::options<studio_options>);

} // namespace studio
