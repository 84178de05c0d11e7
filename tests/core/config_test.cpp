// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/config.hpp>

namespace {

ORFEAS_HOST_DEVICE constexpr int twice(int x) {
    return 2 * x;
}

} // namespace

TEST_CASE("core: facts about the compiler are macros that always have a value") {
    CHECK((ORFEAS_CUDACC() == 0 || ORFEAS_CUDACC() == 1));
    CHECK((ORFEAS_HAS_CUDA_TOOLKIT() == 0 || ORFEAS_HAS_CUDA_TOOLKIT() == 1));
}

TEST_CASE("core: a function for host and device is an ordinary one on the host") {
    CHECK(twice(21) == 42);
}
