// SPDX-License-Identifier: MIT
#include "memory/fake_cuda.hpp"
#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/buffer.hpp>
#include <orfeas/memory/cuda_vmm.hpp>
#include <orfeas/memory/pool.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <vector>

using namespace orfeas::literals;
using orfeas::memory::backend_error;
using orfeas::memory::basic_pool;
using orfeas::memory::buffer;
using orfeas::memory::cuda_vmm;
using orfeas::memory::error;
using orfeas_test::contains;
using orfeas_test::fake_cuda;

TEST_CASE("memory: CUDA backend allocates, copies and reports through the primary context") {
    fake_cuda cuda;
    {
        cuda_vmm const backend{0, cuda.table()};
        CHECK(cuda.retained() == 1);
        CHECK(backend.name() == "Fake 0");
        CHECK(backend.kind() == orfeas::memory::device_kind::cuda);
        CHECK(backend.ordinal() == 0);
        CHECK_FALSE(backend.host_accessible());
        CHECK(backend.info().total_bytes == 64_MiB);

        void* const p = backend.allocate(1_MiB);
        CHECK(backend.info().free_bytes == 63_MiB);
        std::array<int, 3> const in{7, 8, 9};
        std::array<int, 3> out{};
        backend.copy_in(p, in.data(), sizeof in);
        backend.copy_out(out.data(), p, sizeof out);
        CHECK(in == out);
        backend.copy_in(nullptr, nullptr, 0);
        backend.copy_out(nullptr, nullptr, 0);
        backend.deallocate(p, 1_MiB);
        CHECK(cuda.live() == 0);
        CHECK(cuda.contexts().empty()); // the thread had no context, and has none again

        auto const copy = backend;
        CHECK(copy == backend);
        CHECK(cuda.retained() == 1);
        CHECK(cuda_vmm{0, cuda.table()} != backend);
    }
    CHECK(cuda.retained() == 0);
}

TEST_CASE("memory: CUDA backend leaves the thread's context as it was, unless told to make its own current") {
    fake_cuda cuda{2};
    cuda_vmm const backend{1, cuda.table()};
    auto const others = fake_cuda::context_of(0);
    cuda.contexts() = {others};
    backend.deallocate(backend.allocate(1), 1);
    CHECK(cuda.contexts() == std::vector{others});
    backend.make_current();
    CHECK(cuda.contexts() == std::vector{fake_cuda::context_of(1)});
    backend.deallocate(backend.allocate(1), 1);
    CHECK(cuda.contexts() == std::vector{fake_cuda::context_of(1)});
}

TEST_CASE("memory: CUDA errors name the call, the code, the device and what to do") {
    fake_cuda cuda;
    cuda_vmm const backend{0, cuda.table()};
    try {
        static_cast<void>(backend.allocate(65_MiB));
        FAIL("the device has 64 MiB");
    } catch (backend_error const& e) {
        CHECK(e.reason() == error::out_of_memory);
        CHECK(std::string{e.call()} == "cuMemAlloc");
        CHECK(e.native_code() == 2);
        CHECK(
            std::string{e.what()} ==
            "cuMemAlloc failed for 65 MiB on CUDA device 0 (Fake 0): CUDA_ERROR_OUT_OF_MEMORY (2), as the test asked; "
            "free device memory, or lower the pool's limit_bytes");
    }
    cuda.fail(700, 1, 1, "cuMemFree");
    void* const p = backend.allocate(1_MiB);
    CHECK_THROWS_WITH(backend.deallocate(p, 1_MiB), contains("compute-sanitizer"));
    backend.deallocate(p, 1_MiB);
    cuda.fail(12345, 1);
    CHECK_THROWS_WITH(static_cast<void>(backend.info()), contains("(12345); see the call's page"));
    cuda.fail(201, 1);
    CHECK_THROWS_WITH(backend.make_current(), contains("cuCtxSetCurrent"));
    CHECK_THROWS_WITH((cuda_vmm{1, cuda.table()}), contains("CUDA device 1: CUDA_ERROR_OF_A_TEST (101)"));
}

TEST_CASE("memory: a CUDA pointer of no use to a pool is given back") {
    fake_cuda cuda;
    cuda_vmm const backend{0, cuda.table()};
    cuda.misalign(256);
    CHECK_THROWS_WITH(static_cast<void>(backend.allocate(1_MiB)), contains("not a multiple of 512"));
    CHECK(cuda.live() == 0);
}

TEST_CASE("memory: each CUDA call fails once at each position, and nothing leaks") {
    auto const work = [](fake_cuda& cuda) {
        int refused = 0;
        auto const may_refuse = [&refused](auto&& call) {
            try {
                call();
            } catch (backend_error const&) {
                ++refused;
            } catch (orfeas::memory::out_of_memory const&) {
                ++refused;
            }
        };
        may_refuse([&] {
            basic_pool<cuda_vmm> pool{cuda_vmm{0, cuda.table()}, {.segment_bytes = 2_MiB}};
            may_refuse([&] {
                buffer<int, basic_pool<cuda_vmm>> numbers{pool, 1000};
                std::array<int, 3> const in{1, 2, 3};
                std::array<int, 3> out{};
                may_refuse([&] {
                    numbers.copy_in(in);
                    numbers.copy_out(out);
                    if (in != out) {
                        FAIL("copies differ");
                    }
                });
            });
            refused += !pool.cleanup().success;
            void* const p = pool.try_allocate(1);
            refused += p == nullptr;
            pool.deallocate(p, 1);
            void* const again = pool.try_allocate(1);
            if (again == nullptr) {
                FAIL("the pool is not usable after a failed call");
            }
            pool.deallocate(again, 1);
        });
        return refused;
    };
    int calls = 0;
    {
        fake_cuda cuda;
        REQUIRE(work(cuda) == 0);
        calls = cuda.calls();
        CHECK(cuda.live() == 0);
        CHECK(cuda.retained() == 0);
    }
    REQUIRE(calls > 20);
    for (int position = 1; position <= calls; ++position) {
        INFO("failing call " << position << " of " << calls);
        fake_cuda cuda;
        cuda.fail(999, position);
        work(cuda);
        CHECK(cuda.live() == 0);
        CHECK(cuda.retained() == 0);
    }
}
