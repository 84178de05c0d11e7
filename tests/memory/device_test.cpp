// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/device.hpp>
#include <orfeas/memory/host_vmm.hpp>

using namespace orfeas::literals;
using orfeas::memory::device;
using orfeas::memory::host_vmm;

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
