// SPDX-License-Identifier: MIT
#include "memory/fake_cuda.hpp"
#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/best_device.hpp>

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
