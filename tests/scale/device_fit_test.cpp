// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/scale/device_fit.hpp>

namespace scale = orfeas::scale;
using namespace orfeas::literals;

namespace {

scale::advisor_options with(std::uint64_t model, std::uint64_t device, std::uint32_t devices) {
    scale::advisor_options made;
    made.model_bytes = model;
    made.device_bytes = device;
    made.devices = devices;
    return made;
}

} // namespace

TEST_CASE("without a model and devices nothing is known of the fit", "[scale]") {
    CHECK_FALSE(scale::fit_devices({}).replicas);
    CHECK_FALSE(scale::fit_devices(with(30_GiB, 80_GiB, 0)).replicas);
    CHECK(scale::fit_devices(with(0, 0, 4)).replicas == 4U);
}

TEST_CASE("a device holds one replica unless it may be shared", "[scale]") {
    auto options = with(20_GiB, 80_GiB, 4);
    CHECK(scale::fit_devices(options).replicas == 4U);
    options.replicas_per_device = 8;
    CHECK(scale::fit_devices(options).per_device == 3); // 76 GiB without the reserve
    CHECK(scale::fit_devices(options).replicas == 12U);
    CHECK(scale::fit_devices(options, 2).replicas == 6U);
    CHECK(scale::fit_devices(options, 0).replicas == 0U);
    CHECK(scale::fit_devices(options, 1'431'655'766).replicas == 1'000'000'000U); // not 2, by an overflow
}

TEST_CASE("a model that fits to the byte fits", "[scale]") {
    auto options = with(126_GiB, 180_GiB, 4);
    options.device_reserve = 0.3;
    CHECK(scale::fit_devices(options).replicas == 4U);
}

TEST_CASE("a model that does not fit into one device may be spread over several", "[scale]") {
    auto options = with(200_GiB, 80_GiB, 8);
    CHECK(scale::fit_devices(options).replicas == 0U);
    options.devices_per_replica = 3;
    CHECK(scale::fit_devices(options).replicas == 2U);
    options.devices = 0;
    options.model_bytes = 300_GiB;
    CHECK(scale::fit_devices(options).replicas == 0U); // however many devices there are
}
