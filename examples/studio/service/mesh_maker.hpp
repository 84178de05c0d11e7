// SPDX-License-Identifier: MIT
#pragma once

#include "pipeline/picture_limits.hpp"
#include "service/batcher.hpp"
#include "service/mesh_order.hpp"
#include "service/pool_keeper.hpp"

#include <orfeas/memory.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace studio {

/// Runs the pipeline on whatever device there is. Keeps what knows the device out of the service's own source.
/// Thread-safe.
class mesh_maker {
  public:
    virtual ~mesh_maker() = default;

    /// Makes the meshes of a batch in the host's pool, and answers each order. Returns for how long the batch had the
    /// device: not at all where there is none.
    virtual std::chrono::nanoseconds make(std::span<mesh_order> batch) = 0;

    /// The largest batch that its memory advises: at most twice `base` orders, weighed by weight_of.
    virtual batch_limits largest_batch(std::uint32_t base) const = 0;

    /// Whether it works on a device. There a batch is faster than its members one by one, each of which costs a trip of its
    /// own.
    virtual bool has_device() const noexcept = 0;
};

/// Whether this program holds the CUDA kernels.
bool has_kernels() noexcept;

/// A pool to work in, which outlives the maker and its meshes; what a batch may take of it, when to clean it up, and who is
/// told.
struct kept_pool {
    orfeas::memory::pool& pool;
    std::uint64_t batch_bytes;
    orfeas::memory::cleanup_marks marks;
    cleanup_listener on_cleanup;
};

/// A maker that works in `host`, and estimates reliefs in `device` when that is given (a pool on a CUDA device; only with
/// kernels), else on the host.
std::unique_ptr<mesh_maker> make_mesh_maker(kept_pool host, std::optional<kept_pool> device,
                                            picture_limits const& limits);

} // namespace studio
