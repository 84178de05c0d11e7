// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/detail/byte_budget.hpp>
#include <orfeas/memory/detail/charging_adaptor.hpp>
#include <orfeas/memory/detail/resource_adaptor.hpp>
#include <orfeas/memory/heap_resource.hpp>
#include <orfeas/memory/out_of_memory.hpp>

#include <cstddef>
#include <cstdint>

namespace orfeas::inline v0::memory {

/// Gives out at most a number of bytes of another resource, as they were asked for: a share of a pool for one model or
/// tenant. What would go beyond is refused without asking the resource below. The limit is exact under threads, but a
/// request counts while it is being served, so one that the resource below then refuses may have another refused meanwhile.
///
/// The resource below must outlive it. Equal to itself alone.
/// Thread-safe.
template<memory_resource Resource>
class limiting_resource : public detail::charging_adaptor<limiting_resource<Resource>, Resource> {
    using base = detail::charging_adaptor<limiting_resource, Resource>;
    friend base;
    friend detail::resource_adaptor<limiting_resource, Resource>;

  public:
    limiting_resource(Resource& upstream, std::uint64_t limit_bytes) noexcept : base{upstream}, budget_{limit_bytes} {}

    std::uint64_t limit_bytes() const noexcept { return budget_.limit_bytes(); }

    /// Asked for by live allocations and by requests that are being served.
    std::uint64_t used_bytes() const noexcept { return budget_.taken_bytes(); }

  private:
    bool charge(std::uint64_t bytes) noexcept { return budget_.try_take(bytes); }
    void discharge(std::uint64_t bytes) noexcept { budget_.give_back(bytes); }

    void check(std::uint64_t bytes) const noexcept {
        ORFEAS_ASSERT(used_bytes() >= bytes,
                      "deallocate what was allocated through this limit, with the same size and once");
    }

    out_of_memory refusal(std::size_t bytes, std::size_t alignment) const noexcept {
        auto const used = used_bytes();
        return {{.requested_bytes = bytes,
                 .alignment = alignment,
                 .total_bytes = limit_bytes(),
                 .reserved_bytes = used,
                 .allocated_bytes = used,
                 .available_bytes = limit_bytes() - used},
                "limit on a resource"};
    }

    detail::byte_budget budget_;
};
static_assert(copying_resource<limiting_resource<heap_resource>>);

} // namespace orfeas::inline v0::memory
