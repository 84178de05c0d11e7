// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/observe/nvml_collector.hpp>

#include <cmath>

using namespace orfeas;

TEST_CASE("observe: without the management library there is no GPU to report on") {
    observe::nvml_collector const gpus{"libno_such_management_library.so.1"};
    CHECK(gpus.gpu_count() == 0);
    gpus.measure([](measurement const&) { FAIL("no GPU, no measurement"); });
}

TEST_CASE("observe: each GPU of this machine reports five readings") {
    observe::nvml_collector const gpus;
    if (gpus.gpu_count() == 0) {
        ORFEAS_TEST_SKIP("no NVIDIA GPU or no libnvidia-ml.so.1");
    }
    std::size_t readings = 0;
    gpus.measure([&](measurement const& m) {
        ++readings;
        REQUIRE(m.labels.size() == 2);
        CHECK(m.labels[0].name == "gpu");
        CHECK((std::isnan(m.value) || m.value >= 0));
    });
    CHECK(readings == gpus.gpu_count() * 5);
}
