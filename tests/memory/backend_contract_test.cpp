// SPDX-License-Identifier: MIT
//
// One contract, every backend that needs no GPU. cuda_vmm_test.cpp holds a real device to it where there is one.
#include "memory/backend_contract.hpp"
#include "memory/fake_cuda.hpp"
#include "memory/random.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/cuda_async.hpp>
#include <orfeas/memory/cuda_vmm.hpp>
#include <orfeas/memory/device.hpp>
#include <orfeas/memory/host_vmm.hpp>
#include <orfeas/memory/null_vmm.hpp>

using namespace orfeas::literals;
using namespace orfeas::memory;
namespace contract = orfeas_test::contract;

namespace {

struct host_kit {
    static constexpr bool stores = true;
    host_vmm backend{64_MiB};
    void check_end() const { CHECK(backend.info().free_bytes == 64_MiB); }
};

struct null_kit {
    static constexpr bool stores = false;
    null_vmm backend{64_MiB};
    void check_end() const {
        CHECK(backend.violations().empty());
        CHECK(backend.leaks().empty());
    }
};

struct cuda_kit {
    static constexpr bool stores = true;
    orfeas_test::fake_cuda cuda;
    cuda_vmm backend{0, cuda.table()};
    void check_end() const {
        CHECK(cuda.complaint() == "");
        CHECK(cuda.live() + cuda.handles() + cuda.mappings() + cuda.reservations() == 0);
    }
};

struct async_kit {
    static constexpr bool stores = true;
    orfeas_test::fake_cuda cuda;
    cuda_async backend{{}, cuda.table()};
    void check_end() const { CHECK(cuda.live() == 0); }
};

struct device_kit {
    static constexpr bool stores = true;
    device backend{host_vmm{64_MiB}};
    void check_end() const { CHECK(backend.info().free_bytes == 64_MiB); }
};

} // namespace

TEMPLATE_TEST_CASE("memory: contract of plain memory", "", host_kit, null_kit, cuda_kit, async_kit, device_kit) {
    TestType const kit;
    contract::plain_memory(kit.backend, kit.stores);
    kit.check_end();
}

TEMPLATE_TEST_CASE("memory: contract of virtual memory management", "", host_kit, null_kit, cuda_kit, device_kit) {
    TestType const kit;
    contract::mapping(kit.backend, kit.stores);
    contract::reservations(kit.backend);
    contract::exhaustion(kit.backend);
    kit.check_end();
}

TEMPLATE_TEST_CASE("memory: random mappings show what a model says", "", host_kit, null_kit, cuda_kit, device_kit) {
    TestType const kit;
    auto const seed = orfeas_test::test_seed();
    INFO("seed " << seed);
    contract::random_mappings(kit.backend, kit.stores, seed, 5'000);
    kit.check_end();
}

TEMPLATE_TEST_CASE("memory: contract of fences", "", host_kit, null_kit, cuda_kit, async_kit, device_kit) {
    TestType const kit;
    contract::fences(kit.backend);
    int handle = 0;
    contract::fences(kit.backend, stream_ref{&handle});
    kit.check_end();
}
