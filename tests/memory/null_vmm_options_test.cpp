// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/null_vmm_options.hpp>

using namespace orfeas::literals;
using namespace orfeas::memory;

TEST_CASE("memory: the granule of a null device is a power of two, or none") {
    orfeas::validate(null_vmm_options{.granule_bytes = 0});
    orfeas::validate(null_vmm_options{.granule_bytes = 32_MiB});
    CHECK_THROWS_WITH(orfeas::validate(null_vmm_options{.granule_bytes = 3_MiB}),
                      orfeas_test::contains("granule_bytes"));
    CHECK_THROWS_WITH(orfeas::validate(null_vmm_options{.granule_bytes = 2_GiB}),
                      orfeas_test::contains("granule_bytes"));
}

TEST_CASE("memory: a null device is configured from the environment") {
    auto const read = orfeas::from_environment<null_vmm_options>(
        {}, orfeas::environment{"ORFEAS_NULL_DEVICE_CAPACITY_BYTES=192GiB", "ORFEAS_NULL_DEVICE_CHECKING=off"});
    CHECK(read.capacity_bytes == 192_GiB);
    CHECK_FALSE(read.checking);
}

TEST_CASE("memory: the calls of a null device have names") {
    CHECK(to_string(null_call::allocate) == "allocate");
    CHECK(to_string(null_call::allow_access) == "allow_access");
    CHECK(to_string(null_call::forget) == "forget");
}
