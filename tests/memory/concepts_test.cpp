// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/json.hpp>
#include <orfeas/memory.hpp>

#include <cstddef>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <vector>

using namespace orfeas;
using namespace orfeas::literals;
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

static_assert(memory_resource<heap_resource> && memory_resource<pool>);
static_assert(!memory_resource<throws_on_deallocate>);
static_assert(!memory_resource<has_no_twin>);
static_assert(!memory_resource<cannot_be_compared>);
static_assert(!memory_resource<host_backend> && !memory_resource<int>);
static_assert(copying_resource<heap_resource> && copying_resource<pool>);
static_assert(!copying_resource<cannot_be_compared>);
static_assert(profiled_resource<pool> && !profiled_resource<heap_resource> && !profiled_resource<profile_may_throw>);
static_assert(reclaimable_resource<pool> && !reclaimable_resource<cleans_up_in_silence>);
static_assert(memory_backend<host_backend> && memory_backend<cuda_backend> && memory_backend<device>);
static_assert(!memory_backend<name_may_throw> && !memory_backend<heap_resource> && !memory_backend<pool>);
static_assert(measurable<pool> && !measurable<heap_resource>);
static_assert(!std::is_copy_constructible_v<pool> && !std::is_move_constructible_v<pool>);

} // namespace

TEST_CASE("memory: profiles and reports speak JSON through their fields") {
    memory_profile profile;
    profile.total_bytes = 100;
    profile.pressure = memory_pressure::high;
    auto const json = to_json(profile);
    CHECK_THAT(json, orfeas_test::contains(R"("total_bytes":100)"));
    CHECK_THAT(json, orfeas_test::contains(R"("pressure":"high")"));
    CHECK_THAT(to_json(cleanup_report{.freed_bytes = 7}), orfeas_test::contains(R"("freed_bytes":7)"));
    CHECK_THAT(to_json(out_of_memory_report{.alignment = 8}), orfeas_test::contains(R"("alignment":8)"));
}

TEST_CASE("memory: every error code has a sentence") {
    for (auto const e : {error::out_of_memory, error::unavailable, error::call_failed}) {
        std::error_code const code = e;
        CHECK(code.category().name() == std::string{"orfeas.memory"});
        CHECK(code.message().size() > 20);
    }
}

TEST_CASE("memory: pressure levels have names") {
    CHECK(to_string(memory_pressure::low) == "low");
    CHECK(to_string(memory_pressure::medium) == "medium");
    CHECK(to_string(memory_pressure::critical) == "critical");
}

TEST_CASE("memory: out_of_memory is a std::bad_alloc whose text survives copying and long names") {
    std::string const long_name(2000, 'x');
    out_of_memory const original{{.requested_bytes = 3_GiB, .alignment = 16}, long_name, long_name};
    std::exception_ptr const kept = std::make_exception_ptr(original);
    try {
        std::rethrow_exception(kept);
    } catch (std::bad_alloc const& e) {
        CHECK(std::string{e.what()} == original.what());
        CHECK(std::string{e.what()}.size() > 500);
    }
    CHECK_THAT(out_of_memory({.requested_bytes = 3_GiB, .alignment = 16}, "heap").what(),
               orfeas_test::contains("heap: no room for 3 GiB (aligned to 16 B)"));
    CHECK(original.report().requested_bytes == 3_GiB);
}
