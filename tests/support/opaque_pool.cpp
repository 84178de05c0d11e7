// SPDX-License-Identifier: MIT
#include "support/opaque_pool.hpp"

#include "support/pools.hpp"

#include <orfeas/memory/host_vmm.hpp>

#include <utility>

namespace orfeas_test {

namespace memory = orfeas::memory;

struct opaque_pool::implementation {
    memory::pool pool;
};

opaque_pool::opaque_pool(memory::device device, memory::pool_options const& options)
    : inside_{new implementation{.pool = memory::pool{std::move(device), options}}} {}

opaque_pool::opaque_pool(std::uint64_t capacity_bytes, memory::pool_options const& options)
    : opaque_pool{memory::device{memory::host_vmm{capacity_bytes}}, options} {}

opaque_pool::~opaque_pool() = default;

void* opaque_pool::allocate(std::size_t bytes, std::size_t alignment, memory::allocation_hint hint) {
    return inside_->pool.allocate(bytes, alignment, hint);
}

void* opaque_pool::try_allocate(std::size_t bytes, std::size_t alignment) noexcept {
    return inside_->pool.try_allocate(bytes, alignment);
}

void opaque_pool::deallocate(void* p, std::size_t bytes, std::size_t alignment) noexcept {
    inside_->pool.deallocate(p, bytes, alignment);
}

void* opaque_pool::allocate(memory::stream_ref stream, std::size_t bytes, std::size_t alignment) {
    return inside_->pool.allocate(stream, bytes, alignment);
}

void* opaque_pool::try_allocate(memory::stream_ref stream, std::size_t bytes, std::size_t alignment) noexcept {
    return inside_->pool.try_allocate(stream, bytes, alignment);
}

void opaque_pool::deallocate(memory::stream_ref stream, void* p, std::size_t bytes, std::size_t alignment) noexcept {
    inside_->pool.deallocate(stream, p, bytes, alignment);
}

void opaque_pool::copy_in(void* to, void const* from, std::size_t bytes) const {
    inside_->pool.copy_in(to, from, bytes);
}

void opaque_pool::copy_out(void* to, void const* from, std::size_t bytes) const {
    inside_->pool.copy_out(to, from, bytes);
}

bool opaque_pool::host_accessible() const noexcept {
    return inside_->pool.host_accessible();
}

memory::cleanup_report opaque_pool::cleanup() {
    return inside_->pool.cleanup();
}

memory::tag_id opaque_pool::tag(std::string_view name) noexcept {
    return inside_->pool.tag(name);
}

std::vector<memory::tag_profile> opaque_pool::tags() const {
    return inside_->pool.tags();
}

memory::memory_profile opaque_pool::profile() const noexcept {
    return inside_->pool.profile();
}

memory::memory_snapshot opaque_pool::snapshot(std::string_view name, bool with_events) const {
    return inside_->pool.snapshot(name, with_events);
}

void opaque_pool::measure(orfeas::measurement_sink sink) const {
    inside_->pool.measure(sink);
}

} // namespace orfeas_test
