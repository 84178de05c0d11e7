// SPDX-License-Identifier: MIT
//
// The pool on the backends of CUDA, through a driver of the tests' own.
#include "memory/fake_cuda.hpp"
#include "support/catch.hpp"
#include "support/pools.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/buffer.hpp>
#include <orfeas/memory/cuda_vmm.hpp>
#include <orfeas/memory/pinned_backend.hpp>

#include <array>

using namespace orfeas::literals;
using namespace orfeas::memory;
using orfeas_test::fake_cuda;

TEST_CASE("memory: a pool of pinned memory waits for the streams that copy from it") {
    fake_cuda cuda;
    cuda.hold_streams();
    {
        pool p{pinned_backend{{.capacity_bytes = 1_MiB}, cuda.table()}};
        int number = 0;
        stream_ref const stream{&number};
        {
            buffer<char> staging{p, stream, 600'000};
            staging[599'999] = 'x';
        }
        CHECK(p.profile().pending_bytes > 0);
        CHECK(p.host_accessible());
        CHECK_THROWS_AS(p.allocate(2_MiB), out_of_memory);
        cuda.complete(stream);
        void* const all = p.allocate(900'000);
        p.deallocate(all, 900'000);
    }
    CHECK(cuda.pinned() == 0);
}

TEST_CASE("memory: each call of cuda_vmm by a pool fails once at each position, and nothing leaks") {
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
            orfeas::memory::pool pool{cuda_vmm{0, cuda.table()}, {.segment_bytes = 2_MiB}};
            may_refuse([&] {
                buffer<int> numbers{pool, 1000};
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
