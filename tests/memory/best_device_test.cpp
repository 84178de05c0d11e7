// SPDX-License-Identifier: MIT
#include "memory/fake_cuda.hpp"
#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/best_device.hpp>

#include <vector>

using namespace orfeas::literals;
using orfeas::memory::backend_error;
using orfeas::memory::best_device;
using orfeas::memory::best_device_options;
using orfeas::memory::cuda_vmm;
using orfeas::memory::device_kind;
using orfeas::memory::host_vmm;
using orfeas::memory::probe_cuda;
using orfeas_test::contains;
using orfeas_test::fake_cuda;

namespace {

best_device_options without_driver(best_device_options options = {}) {
    options.cuda_library = "libcuda_that_is_not_there.so.1";
    return options;
}

} // namespace

TEST_CASE("memory: without a CUDA driver the best device is host memory of the configured capacity") {
    auto const found = best_device(without_driver({.host_capacity_bytes = 123_MiB}));
    CHECK(found.kind() == device_kind::host);
    CHECK(found.host_accessible());
    CHECK(found.info().total_bytes == 123_MiB);
    CHECK(best_device(without_driver()).info().total_bytes == orfeas::memory::default_host_capacity());
    CHECK(best_device({.cuda = false}).kind() == device_kind::host);
}

TEST_CASE("memory: a CUDA device that was asked for by number is not replaced by another") {
    CHECK_THROWS_AS(best_device(without_driver({.cuda_ordinal = 0})), backend_error);
    CHECK_THROWS_WITH(best_device({.cuda_ordinal = -2}), contains("cuda_ordinal"));
}

TEST_CASE("memory: the first CUDA device that works is taken") {
    fake_cuda cuda{3};
    {
        auto const first = orfeas::memory::detail::first_cuda_device(cuda.table());
        REQUIRE(first);
        CHECK(first->name() == "Fake 0");
        CHECK(first->target<host_vmm>() == nullptr);
        REQUIRE(first->target<cuda_vmm>() != nullptr);
        CHECK(first->target<cuda_vmm>()->ordinal() == 0);
    }
    cuda.fail(46, 1, 2, "cuDevicePrimaryCtxRetain"); // held exclusively by other processes
    auto const third = orfeas::memory::detail::first_cuda_device(cuda.table());
    REQUIRE(third);
    CHECK(third->name() == "Fake 2");
    cuda.fail(46, 1, 3, "cuDevicePrimaryCtxRetain");
    CHECK_FALSE(orfeas::memory::detail::first_cuda_device(cuda.table()));
    CHECK(cuda.retained() == 1);
}

namespace {

/// The devices that may touch what a device maps: itself, then its peers.
std::vector<int> allowed(fake_cuda const& cuda, orfeas::memory::device const& on) {
    auto const g = on.granule_bytes();
    auto const at = on.reserve_addresses(g);
    auto const memory = on.create(g);
    on.map(at, g, memory);
    on.allow_access(at, g);
    on.unmap(at, g);
    on.destroy(memory, g);
    on.release_addresses(at, g);
    return cuda.allowed();
}

} // namespace

TEST_CASE("memory: all devices that work are found, with those as peers that can reach them") {
    fake_cuda cuda{4};
    using numbers = std::vector<int>;
    {
        auto const all = orfeas::memory::detail::all_cuda_devices(cuda.table());
        REQUIRE(all.size() == 4);
        CHECK(all[3].name() == "Fake 3");
        CHECK(allowed(cuda, all[0]) == numbers{0, 1, 2, 3});
        CHECK(allowed(cuda, all[2]) == numbers{2, 0, 1, 3});
        CHECK(cuda.retained() == 4);
    }
    cuda.cut(1, 0); // device 1 cannot reach the memory of device 0; the other way it may
    cuda.cut(0, 3);
    cuda.cut(1, 3);
    cuda.fail(46, 3, 1, "cuDevicePrimaryCtxRetain"); // device 2 is held by another process
    {
        auto const all = orfeas::memory::detail::all_cuda_devices(cuda.table());
        REQUIRE(all.size() == 3);
        CHECK(allowed(cuda, all[0]) == numbers{0, 3});
        CHECK(allowed(cuda, all[1]) == numbers{1, 0, 3});
        CHECK(all[2].name() == "Fake 3");
        CHECK(allowed(cuda, all[2]) == numbers{3});
    }
    cuda.set_peers(false);
    cuda.set_virtual_memory(false);
    {
        auto const all = orfeas::memory::detail::all_cuda_devices(cuda.table());
        REQUIRE(all.size() == 4);
        CHECK(all[1].granule_bytes() == 0);
        CHECK(all[1] != all[2]);
    }
    CHECK(cuda.retained() == 0);
    CHECK(cuda.complaint() == "");
}

TEST_CASE("memory: without CUDA there are no devices, and one that was asked for by number comes alone") {
    CHECK(orfeas::memory::all_devices(without_driver()).empty());
    CHECK(orfeas::memory::all_devices({.cuda = false}).empty());
    CHECK_THROWS_AS(orfeas::memory::all_devices(without_driver({.cuda_ordinal = 0})), backend_error);
    CHECK_THROWS_WITH(orfeas::memory::all_devices({.cuda_ordinal = -2}), contains("cuda_ordinal"));
    fake_cuda none{0};
    CHECK(orfeas::memory::detail::all_cuda_devices(none.table()).empty());
    fake_cuda cuda{2};
    cuda.fail(999, 1, 2, "cuDeviceCanAccessPeer");
    auto const all = orfeas::memory::detail::all_cuda_devices(cuda.table());
    REQUIRE(all.size() == 2); // what cannot be asked about is no peer
    CHECK(allowed(cuda, all[1]) == std::vector{1});
}

TEST_CASE("memory: the probe says what there is of CUDA, and why not") {
    auto const nothing = probe_cuda("libcuda_that_is_not_there.so.1");
    CHECK(nothing.devices == 0);
    CHECK(nothing.driver_version == 0);
    CHECK_THAT(nothing.reason, contains("no CUDA driver"));

    fake_cuda none{0};
    CHECK_THAT(probe_cuda(none.table()).reason, contains("no CUDA device is visible"));
    fake_cuda cuda{2};
    CHECK(probe_cuda(cuda.table()).devices == 2);
    CHECK(probe_cuda(cuda.table()).driver_version == 13000);
    CHECK(probe_cuda(cuda.table()).reason.empty());
    cuda.fail(100, 1, 1, "cuInit");
    CHECK_THAT(probe_cuda(cuda.table()).reason, contains("cuInit failed for this machine"));
}

TEST_CASE("memory: device choice is read from the environment") {
    auto const read = orfeas::from_environment<best_device_options>(
        {}, orfeas::environment{"ORFEAS_DEVICE_CUDA=off", "ORFEAS_DEVICE_HOST_CAPACITY_BYTES=1GiB"});
    CHECK_FALSE(read.cuda);
    CHECK(read.host_capacity_bytes == 1_GiB);
}
