// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/measurement.hpp>
#include <orfeas/memory/allocation_hint.hpp>
#include <orfeas/memory/cleanup_report.hpp>
#include <orfeas/memory/device.hpp>
#include <orfeas/memory/memory_profile.hpp>
#include <orfeas/memory/pool_options.hpp>
#include <orfeas/memory/snapshot.hpp>
#include <orfeas/memory/stream_ref.hpp>
#include <orfeas/memory/tag.hpp>
#include <orfeas/memory/tag_profile.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace orfeas_test {

/// A pool whose type its users do not see: for tests that are not about the pool, which a change of it does not compile
/// again.
class opaque_pool {
  public:
    explicit opaque_pool(orfeas::memory::device device, orfeas::memory::pool_options const& options = {});
    /// Of host memory.
    explicit opaque_pool(std::uint64_t capacity_bytes, orfeas::memory::pool_options const& options = {});
    ~opaque_pool();

    void* allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t),
                   orfeas::memory::allocation_hint hint = {});
    void* try_allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) noexcept;
    void deallocate(void* p, std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) noexcept;

    void* allocate(orfeas::memory::stream_ref stream, std::size_t bytes,
                   std::size_t alignment = alignof(std::max_align_t));
    void* try_allocate(orfeas::memory::stream_ref stream, std::size_t bytes,
                       std::size_t alignment = alignof(std::max_align_t)) noexcept;
    void deallocate(orfeas::memory::stream_ref stream, void* p, std::size_t bytes,
                    std::size_t alignment = alignof(std::max_align_t)) noexcept;

    void copy_in(void* to, void const* from, std::size_t bytes) const;
    void copy_out(void* to, void const* from, std::size_t bytes) const;
    bool host_accessible() const noexcept;

    orfeas::memory::cleanup_report cleanup();
    orfeas::memory::tag_id tag(std::string_view name) noexcept;
    std::vector<orfeas::memory::tag_profile> tags() const;
    orfeas::memory::memory_profile profile() const noexcept;
    orfeas::memory::memory_snapshot snapshot(std::string_view name, bool with_events) const;
    void measure(orfeas::measurement_sink sink) const;

    friend bool operator==(opaque_pool const& a, opaque_pool const& b) noexcept { return &a == &b; }

  private:
    struct implementation;
    std::unique_ptr<implementation> inside_;
};

} // namespace orfeas_test
