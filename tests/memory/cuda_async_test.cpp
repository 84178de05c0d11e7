// SPDX-License-Identifier: MIT
#include "memory/backend_contract.hpp"
#include "memory/fake_cuda.hpp"
#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/best_device.hpp>
#include <orfeas/memory/cuda_async.hpp>
#include <orfeas/memory/device.hpp>

#include <cstdint>

using namespace orfeas::literals;
using orfeas::memory::backend_error;
using orfeas::memory::cuda_async;
using orfeas::memory::cuda_async_options;
using orfeas::memory::device;
using orfeas::memory::error;
using orfeas::memory::stream_ref;
using orfeas_test::contains;
using orfeas_test::fake_cuda;

TEST_CASE("memory: cuda_async allocates from a pool of its own, for all streams or in the order of one") {
    fake_cuda cuda;
    {
        cuda_async const backend{{.release_threshold_bytes = 1_GiB}, cuda.table()};
        CHECK(cuda.pools() == 1);
        CHECK(cuda.streams() == 1);
        CHECK(cuda.release_threshold() == 1_GiB);
        CHECK(backend.name() == "Fake 0");
        CHECK(backend.kind() == orfeas::memory::device_kind::cuda);
        CHECK(backend.ordinal() == 0);
        CHECK_FALSE(backend.host_accessible());
        orfeas_test::contract::plain_memory(backend, true);

        int handle = 0;
        stream_ref const s{&handle};
        void* const p = backend.allocate(3_MiB, s);
        CHECK(cuda.live() == 1);
        backend.deallocate(p, 3_MiB, s);
        CHECK(cuda.live() == 0);
        CHECK_FALSE(backend.capturing(s));
        CHECK(backend == cuda_async{backend});
    }
    CHECK(cuda.pools() == 0);
    CHECK(cuda.streams() == 0);
    CHECK(cuda.retained() == 0);
}

TEST_CASE("memory: what a pool of the driver keeps counts as free, and goes when it is trimmed") {
    fake_cuda cuda;
    cuda_async const backend{{}, cuda.table()};
    void* const p = backend.allocate(8_MiB);
    CHECK(backend.info().total_bytes == cuda.capacity());
    CHECK(backend.info().free_bytes == cuda.capacity() - 8_MiB);
    backend.deallocate(p, 8_MiB);
    CHECK(backend.info().free_bytes == cuda.capacity() + 8_MiB); // the fake device does not count what is kept as used
    backend.trim(2_MiB);
    CHECK(backend.info().free_bytes == cuda.capacity() + 2_MiB);
    backend.trim();
    CHECK(backend.info().free_bytes == cuda.capacity());
}

TEST_CASE("memory: cuda_async may use the device's default pool, and leaves it there") {
    fake_cuda cuda;
    {
        cuda_async const backend{{.own_pool = false}, cuda.table()};
        CHECK(cuda.pools() == 0);
        CHECK(cuda.release_threshold() == 0); // as the process has set it
        backend.deallocate(backend.allocate(1), 1);
    }
    CHECK(cuda.streams() == 0);
    CHECK(cuda.pools() == 0);
}

TEST_CASE("memory: a driver or a device without pools is told to use the other backend") {
    fake_cuda cuda;
    auto const refused = [](auto&& open) {
        try {
            open();
            return error{};
        } catch (backend_error const& e) {
            CHECK_THAT(e.what(), contains("use cuda_vmm"));
            return e.reason();
        }
    };
    CHECK(refused([&] { cuda_async{{}, cuda.old_table()}; }) == error::unavailable);
    cuda.set_pools(false);
    CHECK(refused([&] { cuda_async{{}, cuda.table()}; }) == error::unavailable);
    CHECK(cuda.retained() == 0);
    CHECK_THROWS_WITH((cuda_async{{.ordinal = -1}, cuda.table()}), contains("ordinal"));
    CHECK_THROWS_WITH((cuda_async{{.ordinal = 5}, cuda.table()}), contains("CUDA device 5"));
}

TEST_CASE("memory: a device of cuda_async has fences and no granule") {
    fake_cuda cuda;
    device const any{cuda_async{{}, cuda.table()}};
    CHECK(any.granule_bytes() == 0);
    cuda.hold_streams();
    auto const f = any.record({});
    CHECK_FALSE(any.passed(f));
    any.wait(f);
    CHECK(any.passed(f));
    any.forget(f);
}

TEST_CASE("memory: each CUDA call of a pool fails once at each position, and nothing leaks") {
    auto const work = [](fake_cuda& cuda) {
        int refused = 0;
        auto const insist = [&refused](auto&& call) {
            try {
                return call();
            } catch (backend_error const&) {
                ++refused;
                return call();
            }
        };
        try {
            cuda_async const b{{.release_threshold_bytes = 1}, cuda.table()};
            void* const p = insist([&] { return b.allocate(1_MiB); });
            void* const q = insist([&] { return b.allocate(1_MiB, stream_ref{}); });
            static_cast<void>(insist([&] { return b.info(); }));
            insist([&] { b.trim(); });
            insist([&] { b.deallocate(q, 1_MiB, stream_ref{}); });
            insist([&] { b.deallocate(p, 1_MiB); });
        } catch (backend_error const&) { // it could not even be opened
            ++refused;
        }
        return refused;
    };
    int calls = 0;
    {
        fake_cuda cuda;
        REQUIRE(work(cuda) == 0);
        calls = cuda.calls();
    }
    REQUIRE(calls > 30);
    for (int position = 1; position <= calls; ++position) {
        INFO("failing call " << position << " of " << calls);
        fake_cuda cuda;
        cuda.fail(999, position);
        CHECK(work(cuda) <= 1);
        CHECK(cuda.live() == 0);
        CHECK(cuda.streams() + cuda.pools() == 0);
        CHECK(cuda.retained() == 0);
    }
}

TEST_CASE("memory: a real CUDA device keeps the contract with pools of the driver") {
    if (auto const found = orfeas::memory::probe_cuda(); !found.reason.empty()) {
        ORFEAS_TEST_SKIP(found.reason);
    }
    try {
        cuda_async const backend{{.release_threshold_bytes = 64_MiB}};
        orfeas_test::contract::plain_memory(backend, true);
        orfeas_test::contract::fences(backend);
        void* const p = backend.allocate(1_MiB, stream_ref{});
        backend.deallocate(p, 1_MiB, stream_ref{});
        backend.trim();
    } catch (backend_error const& e) {
        CHECK(e.reason() == error::unavailable); // a device without pools
    }
}

TEST_CASE("memory: cuda_async is configured from the environment") {
    auto const read = orfeas::from_environment<cuda_async_options>(
        {}, orfeas::environment{"ORFEAS_CUDA_ASYNC_OWN_POOL=off", "ORFEAS_CUDA_ASYNC_RELEASE_THRESHOLD_BYTES=1GiB"});
    CHECK_FALSE(read.own_pool);
    CHECK(read.release_threshold_bytes == 1_GiB);
}
