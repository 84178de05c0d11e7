// SPDX-License-Identifier: MIT
#include "memory/failing_backend.hpp"
#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/device.hpp>
#include <orfeas/memory/host_vmm.hpp>
#include <orfeas/memory/null_vmm.hpp>

using namespace orfeas::literals;
using orfeas::memory::backend_error;
using orfeas::memory::device;
using orfeas::memory::error;
using orfeas::memory::host_vmm;
using orfeas::memory::null_vmm;

TEST_CASE("memory: a device speaks for the backend that it holds") {
    host_vmm const host{8_MiB};
    device const any{host};
    auto const copy = any;
    CHECK(copy == any);
    CHECK(any == device{host});
    CHECK_FALSE(any == device{host_vmm{8_MiB}});
    CHECK(any.name() == "host memory");
    CHECK(to_string(any.kind()) == "host");
    REQUIRE(any.target<host_vmm>() != nullptr);
    CHECK(*any.target<host_vmm>() == host);
    void* const p = any.allocate(1_MiB);
    CHECK(host.info().free_bytes == 7_MiB);
    int const in = 5;
    int out = 0;
    any.make_current();
    any.copy_in(p, &in, sizeof in);
    any.copy_out(&out, p, sizeof out);
    CHECK(out == 5);
    any.deallocate(p, 1_MiB);
    CHECK(any.info().free_bytes == 8_MiB);
}

TEST_CASE("memory: a device passes mappings and fences on to its backend") {
    null_vmm const null{1_GiB};
    device const any{null};
    auto const g = any.granule_bytes();
    CHECK(g == null.granule_bytes());
    auto const a = any.reserve_addresses(g);
    auto const memory = any.create(g);
    any.map(a, g, memory);
    any.allow_access(a, g);
    CHECK(null.touch(reinterpret_cast<void*>(a), g));
    auto const f = any.record({});
    CHECK(null.usage().fences == 1);
    CHECK(any.passed(f));
    any.make_wait({}, f);
    any.wait(f);
    any.forget(f);
    any.unmap(a, g);
    any.destroy(memory, g);
    any.release_addresses(a, g);
    CHECK_FALSE(any.capturing({}));
    null.set_capturing({}, true);
    CHECK(any.capturing({}));
    CHECK(null.leaks().empty());
    CHECK(null.violations().empty());
}

TEST_CASE("memory: a device of a backend that only allocates has no granule, and its fences have passed") {
    device const any{orfeas_test::failing_backend{8_MiB}};
    CHECK(any.granule_bytes() == 0);
    int refused = 0;
    auto const count = [&refused](auto&& call) {
        try {
            call();
        } catch (backend_error const& e) {
            refused += e.reason() == error::unavailable;
        }
    };
    count([&] { any.reserve_addresses(2_MiB); });
    count([&] { any.release_addresses(2_MiB, 2_MiB); });
    count([&] { any.create(2_MiB); });
    count([&] { any.destroy({1}, 2_MiB); });
    count([&] { any.map(2_MiB, 2_MiB, {1}); });
    count([&] { any.allow_access(2_MiB, 2_MiB); });
    count([&] { any.unmap(2_MiB, 2_MiB); });
    CHECK(refused == 7);
    auto const f = any.record({});
    CHECK_FALSE(f);
    CHECK(any.passed(f));
    any.make_wait({}, f);
    any.wait(f);
    any.forget(f);
    CHECK_FALSE(any.capturing({}));
}
