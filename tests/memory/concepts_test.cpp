// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/measurement.hpp>
#include <orfeas/memory/cleanup_report.hpp>
#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/cuda_async.hpp>
#include <orfeas/memory/cuda_vmm.hpp>
#include <orfeas/memory/device.hpp>
#include <orfeas/memory/heap_resource.hpp>
#include <orfeas/memory/host_vmm.hpp>
#include <orfeas/memory/memory_profile.hpp>
#include <orfeas/memory/null_vmm.hpp>
#include <orfeas/memory/stream_ref.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

using namespace orfeas;
using namespace orfeas::memory;

namespace {

// each lacks one thing that the concept asks for

struct throws_on_deallocate {
    void* allocate(std::size_t, std::size_t);
    void* try_allocate(std::size_t, std::size_t) noexcept;
    void deallocate(void*, std::size_t, std::size_t); // not noexcept
    bool operator==(throws_on_deallocate const&) const = default;
};

struct has_no_twin {
    void* allocate(std::size_t, std::size_t);
    void deallocate(void*, std::size_t, std::size_t) noexcept;
    bool operator==(has_no_twin const&) const = default;
};

struct cannot_be_compared {
    void* allocate(std::size_t, std::size_t);
    void* try_allocate(std::size_t, std::size_t) noexcept;
    void deallocate(void*, std::size_t, std::size_t) noexcept;
};

struct waits_before_it_frees : heap_resource {
    using heap_resource::allocate;
    using heap_resource::deallocate;
    using heap_resource::try_allocate;
    void* allocate(stream_ref, std::size_t, std::size_t);
    void* try_allocate(stream_ref, std::size_t, std::size_t) noexcept;
    void deallocate(stream_ref, void*, std::size_t, std::size_t); // not noexcept
};

struct profile_may_throw : heap_resource {
    memory_profile profile() const;
};

struct cleans_up_in_silence : heap_resource {
    memory_profile profile() const noexcept;
    void cleanup();
};

struct name_may_throw {
    void* allocate(std::size_t) const;
    void deallocate(void*, std::size_t) const;
    backend_info info() const;
    void copy_in(void*, void const*, std::size_t) const;
    void copy_out(void*, void const*, std::size_t) const;
    void make_current() const;
    bool host_accessible() const noexcept;
    std::string_view name() const;
    device_kind kind() const noexcept;
    bool operator==(name_may_throw const&) const = default;
};

struct only_allocates {
    void* allocate(std::size_t) const;
    void deallocate(void*, std::size_t) const;
    backend_info info() const;
    void copy_in(void*, void const*, std::size_t) const;
    void copy_out(void*, void const*, std::size_t) const;
    void make_current() const;
    bool host_accessible() const noexcept;
    std::string_view name() const noexcept;
    device_kind kind() const noexcept;
    bool operator==(only_allocates const&) const = default;
};

struct granule_may_throw : host_vmm {
    std::uint64_t granule_bytes() const;
};

struct forgetting_may_throw : host_vmm {
    void forget(fence) const;
};

static_assert(memory_resource<heap_resource>);
static_assert(!memory_resource<throws_on_deallocate>);
static_assert(!memory_resource<has_no_twin>);
static_assert(!memory_resource<cannot_be_compared>);
static_assert(!memory_resource<host_vmm> && !memory_resource<int>);
static_assert(copying_resource<heap_resource>);
static_assert(!copying_resource<cannot_be_compared>);
static_assert(!stream_ordered_resource<heap_resource> && !stream_ordered_resource<waits_before_it_frees>);
static_assert(!profiled_resource<heap_resource> && !profiled_resource<profile_may_throw>);
static_assert(!reclaimable_resource<cleans_up_in_silence>);
static_assert(memory_backend<host_vmm> && memory_backend<cuda_vmm> && memory_backend<device>);
static_assert(!memory_backend<name_may_throw> && !memory_backend<heap_resource>);
static_assert(vmm_backend<host_vmm> && vmm_backend<null_vmm> && vmm_backend<cuda_vmm> && vmm_backend<device>);
static_assert(memory_backend<only_allocates> && !vmm_backend<only_allocates> && !fence_backend<only_allocates>);
static_assert(!vmm_backend<granule_may_throw> && fence_backend<granule_may_throw>);
static_assert(!fence_backend<forgetting_may_throw> && vmm_backend<forgetting_may_throw>);
static_assert(fence_backend<cuda_async> && !vmm_backend<cuda_async>);
static_assert(capturing_backend<cuda_vmm> && capturing_backend<null_vmm> && !capturing_backend<host_vmm>);
static_assert(!measurable<heap_resource>);

} // namespace

TEST_CASE("memory: the concepts are checked when this file compiles") {
    SUCCEED();
}

TEST_CASE("memory: a kind of device has a name") {
    CHECK(to_string(device_kind::host) == "host");
    CHECK(to_string(device_kind::cuda) == "cuda");
    CHECK(to_string(device_kind::null) == "null");
}
