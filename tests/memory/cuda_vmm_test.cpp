// SPDX-License-Identifier: MIT
#include "memory/backend_contract.hpp"
#include "memory/fake_cuda.hpp"
#include "memory/random.hpp"
#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/best_device.hpp>
#include <orfeas/memory/buffer.hpp>
#include <orfeas/memory/cuda_vmm.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

using namespace orfeas::literals;
using orfeas::memory::backend_error;
using orfeas::memory::buffer;
using orfeas::memory::cuda_vmm;
using orfeas::memory::error;
using orfeas::memory::physical_memory;
using orfeas::memory::stream_ref;
using orfeas_test::contains;
using orfeas_test::fake_cuda;

TEST_CASE("memory: cuda_vmm allocates, copies and reports through the primary context") {
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

TEST_CASE("memory: cuda_vmm leaves the thread's context as it was, unless told to make its own current") {
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

TEST_CASE("memory: cuda_vmm's granule is the device's, and 2 MiB at least") {
    fake_cuda cuda;
    cuda.set_granule(64_KiB);
    CHECK(cuda_vmm{0, cuda.table()}.granule_bytes() == 2_MiB);
    cuda.set_granule(32_MiB);
    CHECK(cuda_vmm{0, cuda.table()}.granule_bytes() == 32_MiB);
}

TEST_CASE("memory: a driver or a device without virtual memory management says so, and allocates") {
    fake_cuda cuda;
    auto const refuses = [](cuda_vmm const& backend) {
        CHECK(backend.granule_bytes() == 0);
        int refused = 0;
        auto const count = [&refused](auto&& call) {
            try {
                call();
            } catch (backend_error const& e) {
                refused += e.reason() == error::unavailable;
                CHECK_THAT(e.what(), contains("no virtual memory management"));
            }
        };
        count([&] { backend.reserve_addresses(2_MiB); });
        count([&] { backend.release_addresses(2_MiB, 2_MiB); });
        count([&] { backend.create(2_MiB); });
        count([&] { backend.destroy({1}, 2_MiB); });
        count([&] { backend.map(2_MiB, 2_MiB, {1}); });
        count([&] { backend.allow_access(2_MiB, 2_MiB); });
        count([&] { backend.unmap(2_MiB, 2_MiB); });
        CHECK(refused == 7);
        orfeas_test::contract::plain_memory(backend, true);
        orfeas_test::contract::fences(backend);
    };
    refuses(cuda_vmm{0, cuda.old_table()});
    cuda.set_virtual_memory(false);
    refuses(cuda_vmm{0, cuda.table()});
}

TEST_CASE("memory: peers may touch what cuda_vmm maps") {
    fake_cuda cuda{3};
    cuda_vmm const backend{1, cuda.table(), {0, 2}};
    auto const g = backend.granule_bytes();
    auto const a = backend.reserve_addresses(g);
    auto const memory = backend.create(g);
    backend.map(a, g, memory);
    backend.allow_access(a, g);
    CHECK(cuda.allowed() == std::vector{1, 0, 2});
    backend.unmap(a, g);
    backend.destroy(memory, g);
    backend.release_addresses(a, g);

    CHECK_THROWS_WITH((cuda_vmm{1, cuda.table(), {7}}), contains("peer 7 of CUDA device 1 (Fake 1)"));
    cuda.set_peers(false);
    CHECK_THROWS_WITH((cuda_vmm{1, cuda.table(), {0}}), contains("CUDA device 0 cannot reach the memory of"));
    CHECK(cuda.retained() == 1);
}

TEST_CASE("memory: the driver's first handle, whatever its number, is not taken for none") {
    fake_cuda cuda;
    cuda_vmm const backend{0, cuda.table()};
    auto const memory = backend.create(2_MiB);
    CHECK(memory);
    CHECK(cuda.handles() == 1);
    backend.destroy(memory, 2_MiB);
    CHECK(cuda.handles() == 0);
    CHECK_THROWS_WITH(backend.destroy(physical_memory{77}, 2_MiB), contains("cuMemRelease failed for 2 MiB on"));
}

TEST_CASE("memory: fences of CUDA are events that pass with their stream, and are used again") {
    fake_cuda cuda;
    {
        cuda_vmm const backend{0, cuda.table()};
        cuda.hold_streams();
        int handles[2];
        stream_ref const s{&handles[0]};
        stream_ref const t{&handles[1]};
        auto const first = backend.record(s);
        CHECK(first);
        CHECK_FALSE(backend.passed(first));
        backend.make_wait(t, first);
        auto const behind = backend.record(t);
        cuda.complete(t);
        CHECK_FALSE(backend.passed(behind));
        cuda.complete(s);
        CHECK(backend.passed(first));
        CHECK(backend.passed(behind));
        backend.forget(first);
        auto const again = backend.record(s);
        CHECK(again == first); // the same event, a later point
        CHECK_FALSE(backend.passed(again));
        backend.wait(again);
        CHECK(backend.passed(again));
        CHECK(cuda.events() == 2);
        backend.forget(again);

        cuda.fail(700, 1, 1, "cuEventQuery");
        CHECK_THROWS_WITH(backend.passed(behind), contains("cuEventQuery failed for CUDA device 0"));
        cuda.fail(999, 1, 1, "cuEventRecord");
        CHECK_THROWS_AS(backend.record(s), backend_error);
        backend.forget(backend.record(s));
        CHECK(cuda.events() == 2); // the event of the failed call was not lost
        for (int i = 0; i < 200; ++i) {
            static_cast<void>(backend.record(s)); // never forgotten
        }
        CHECK(cuda.events() == 201);
        CHECK(cuda.contexts().empty());
    }
    CHECK(cuda.events() == 0);
    CHECK(cuda.retained() == 0);
}

TEST_CASE("memory: cuda_vmm knows when a stream captures") {
    fake_cuda cuda;
    cuda_vmm const backend{0, cuda.table()};
    int handle = 0;
    stream_ref const s{&handle};
    CHECK_FALSE(backend.capturing(s));
    cuda.set_capturing(s, true);
    CHECK(backend.capturing(s));
    CHECK_FALSE(backend.capturing({}));
    cuda.fail(906, 1, 1, "cuStreamIsCapturing"); // what the default stream answers while another one captures
    CHECK(backend.capturing({}));
    cuda.fail(1, 1, 1, "cuStreamIsCapturing");
    CHECK_THROWS_AS(backend.capturing({}), backend_error);
    cuda.fail(900, 1, 1, "cuMemAlloc");
    CHECK_THROWS_WITH(backend.allocate(1), contains("capturing a graph: allocate before"));
}

TEST_CASE("memory: each CUDA call of mappings and fences fails once at each position, and undone work leaks nothing") {
    // a caller that undoes what it did, asking again where it is refused, as a pool does
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
            cuda_vmm const b{0, cuda.table(), {1}};
            auto const g = b.granule_bytes();
            auto const a = insist([&] { return b.reserve_addresses(2 * g); });
            auto const memory = insist([&] { return b.create(g); });
            insist([&] { b.map(a, g, memory); });
            insist([&] { b.map(a + g, g, memory); });
            insist([&] { b.allow_access(a, 2 * g); });
            auto const f = insist([&] { return b.record({}); });
            insist([&] { b.make_wait({}, f); });
            insist([&] { b.wait(f); });
            if (!insist([&] { return b.passed(f); })) {
                FAIL("waited for, but not passed");
            }
            b.forget(f);
            insist([&] { return b.capturing({}); });
            int const in = 5;
            int out = 0;
            insist([&] { b.copy_in(reinterpret_cast<void*>(a), &in, sizeof in); });
            insist([&] { b.copy_out(&out, reinterpret_cast<void*>(a + g), sizeof out); });
            if (out != 5) {
                FAIL("the second mapping shows other memory");
            }
            insist([&] { b.unmap(a, g); });
            insist([&] { b.unmap(a + g, g); });
            insist([&] { b.destroy(memory, g); });
            insist([&] { b.release_addresses(a, 2 * g); });
        } catch (backend_error const&) { // it could not even be opened
            ++refused;
        }
        return refused;
    };
    int calls = 0;
    {
        fake_cuda cuda{2};
        REQUIRE(work(cuda) == 0);
        calls = cuda.calls();
    }
    REQUIRE(calls > 50);
    for (int position = 1; position <= calls; ++position) {
        INFO("failing call " << position << " of " << calls);
        fake_cuda cuda{2};
        cuda.fail(999, position);
        CHECK(work(cuda) <= 1);
        CHECK(cuda.complaint() == "");
        CHECK(cuda.handles() + cuda.mappings() + cuda.reservations() + cuda.live() == 0);
        CHECK(cuda.events() == 0);
        CHECK(cuda.retained() == 0);
    }
}

TEST_CASE("memory: a real CUDA device keeps the contract of backends") {
    if (auto const found = orfeas::memory::probe_cuda(); !found.reason.empty()) {
        ORFEAS_TEST_SKIP(found.reason);
    }
    cuda_vmm const backend;
    orfeas_test::contract::plain_memory(backend, true);
    orfeas_test::contract::fences(backend);
    if (backend.granule_bytes() != 0) {
        orfeas_test::contract::mapping(backend, true);
        orfeas_test::contract::reservations(backend);
        orfeas_test::contract::exhaustion(backend);
        auto const seed = orfeas_test::test_seed();
        INFO("seed " << seed);
        orfeas_test::contract::random_mappings(backend, true, seed, 2'000);
    }
}
