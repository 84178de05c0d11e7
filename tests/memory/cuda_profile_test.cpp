// SPDX-License-Identifier: MIT
#include "memory/fake_cuda.hpp"
#include "support/catch.hpp"

#include <orfeas/core/json.hpp>
#include <orfeas/memory/cuda_profile.hpp>

using orfeas::memory::cuda_profile;
using orfeas_test::contains;
using orfeas_test::fake_cuda;

TEST_CASE("memory: the profile of a CUDA device is what its driver says") {
    fake_cuda const cuda;
    auto const found = cuda_profile(0, cuda.table());
    CHECK(found.device == "Fake 0");
    CHECK(found.total_bytes > 0);
    CHECK(found.used_bytes + found.free_bytes == found.total_bytes);
    CHECK(found.reason.empty());
    CHECK(cuda.retained() == 0);
}

TEST_CASE("memory: without a device the CUDA profile is none, with zeros and the reason") {
    fake_cuda const none{0};
    for (auto const& found : {cuda_profile(0, none.table()), cuda_profile(0, "libcuda_that_is_not_there.so.1")}) {
        CHECK_FALSE(found.reason.empty());
        CHECK_THAT(orfeas::to_json(found),
                   contains(R"({"device":"none","total_bytes":0,"used_bytes":0,"free_bytes":0,"reason":")"));
    }
}

TEST_CASE("memory: a CUDA device that answers nothing has no profile, but a reason") {
    fake_cuda cuda;
    cuda.fail(719, 1, 1000, "cuMemGetInfo");
    auto const found = cuda_profile(0, cuda.table());
    CHECK(found.device == "none");
    CHECK_THAT(found.reason, contains("cuMemGetInfo failed"));
}
