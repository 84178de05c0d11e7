// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/failing_resource.hpp>
#include <orfeas/memory/heap_resource.hpp>
#include <orfeas/memory/resource_ref.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

using namespace orfeas::memory;

static_assert(copying_resource<failing_resource<heap_resource>>);
static_assert(memory_resource<failing_resource<resource_ref>>);

namespace {

/// Which of the next requests are refused, as a string of . and x.
std::string fates(failing_resource<heap_resource>& resource, int requests, std::size_t bytes = 8) {
    std::string text;
    for (int i = 0; i < requests; ++i) {
        void* const p = resource.try_allocate(bytes);
        text += p == nullptr ? 'x' : '.';
        resource.deallocate(p, bytes);
    }
    return text;
}

} // namespace

TEST_CASE("memory: a failing resource refuses by number and by size") {
    heap_resource heap;
    failing_resource resource{heap};
    CHECK(fates(resource, 5) == ".....");
    resource.follow({.nth = 3});
    CHECK(fates(resource, 5) == "..x..");
    CHECK(resource.requests() == 5);
    CHECK(resource.failures() == 1);
    resource.follow({.every = 2});
    CHECK(fates(resource, 6) == ".x.x.x");
    resource.follow({.nth = 1, .every = 3});
    CHECK(fates(resource, 6) == "x.x..x");
    resource.follow({.above_bytes = 100});
    CHECK(fates(resource, 2, 100) == "..");
    CHECK(fates(resource, 2, 101) == "xx");
}

TEST_CASE("memory: a failing resource refuses by chance, the same way for the same seed") {
    heap_resource heap;
    failing_resource resource{heap, {.probability = 0.25, .seed = 7}};
    auto const first = fates(resource, 4000);
    auto const refused = resource.failures();
    CHECK(refused > 850);
    CHECK(refused < 1150);
    resource.follow({.probability = 0.25, .seed = 7});
    CHECK(fates(resource, 4000) == first);
    resource.follow({.probability = 0.25, .seed = 8});
    CHECK(fates(resource, 4000) != first);
    resource.follow({.probability = 1});
    CHECK(fates(resource, 3) == "xxx");
    resource.follow({.probability = 0});
    CHECK(fates(resource, 3) == "...");
}

TEST_CASE("memory: a refusal by plan looks like one of the resource") {
    heap_resource heap;
    failing_resource resource{heap, {.nth = 1}};
    try {
        (void)resource.allocate(100, 64);
        FAIL("not refused");
    } catch (out_of_memory const& e) {
        CHECK(e.report().requested_bytes == 100);
        CHECK(e.report().alignment == 64);
        CHECK_THAT(e.what(), orfeas_test::contains("failure plan"));
    }
    void* const p = resource.allocate(100, 64);
    resource.deallocate(p, 100, 64);
}
