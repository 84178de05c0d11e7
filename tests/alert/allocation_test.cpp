// SPDX-License-Identifier: MIT
//
// What allocates: nothing, in a frame in which no alert changes. This program's operator new counts, but where a sanitizer brings
// its own.
#include "alert/scene.hpp"
#include "support/catch.hpp"

#include <cstddef>
#include <cstdlib>
#include <new>
#include <string>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#    define ORFEAS_TEST_COUNTS_ALLOCATIONS 0
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#        define ORFEAS_TEST_COUNTS_ALLOCATIONS 0
#    endif
#endif
#ifndef ORFEAS_TEST_COUNTS_ALLOCATIONS
#    define ORFEAS_TEST_COUNTS_ALLOCATIONS 1
#endif

namespace {

constinit thread_local std::size_t allocated = 0;

#if ORFEAS_TEST_COUNTS_ALLOCATIONS
// Not inlined: compilers that see through one half of a pair warn of a mismatch.
[[gnu::noinline]] void* counted_allocation(std::size_t size) {
    ++allocated;
    void* const memory = std::malloc(size);
    if (memory == nullptr) {
        throw std::bad_alloc{};
    }
    return memory;
}
[[gnu::noinline]] void plain_free(void* memory) noexcept {
    std::free(memory);
}
#endif

} // namespace

#if ORFEAS_TEST_COUNTS_ALLOCATIONS

// The array and nothrow forms call these.

void* operator new(std::size_t size) {
    return counted_allocation(size);
}
void operator delete(void* memory) noexcept {
    plain_free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    plain_free(memory);
}

#endif

namespace alert = orfeas::alert;
using namespace std::chrono_literals;
using alert::match_kind;

namespace {

/// Of the next frame, with the values of the last.
std::size_t allocations_of_a_frame(alert_scene& a) {
    a.now += 1s;
    a.frame.begin(a.now);
    for (std::size_t i = 0; i < a.values.size(); ++i) {
        a.frame.set(i, a.values[i]);
    }
    auto const before = allocated;
    a.engine.step(a.frame);
    return allocated - before;
}

} // namespace

TEST_CASE("a frame in which no alert changes allocates nothing, also with silences and inhibitions", "[alert]") {
    alert_scene a{{{.name = "r", .expr = "x > 0"}, {.name = "s", .expr = "rate(x[5s]) > 1"}}};
    a.add("x");
    a.engine.set_inhibitions(
        {{.source = {{"alertname", match_kind::equal, "down"}}, .target = {{"alertname", match_kind::equal, "r"}}}});
    for (auto const begin : {0s, 1'000s}) {
        a.engine.add(alert::silence{.matchers = {{"alertname", match_kind::equal, "r"}},
                                    .author = "ann",
                                    .begin = a.now + begin,
                                    .end = a.now + begin + 500s});
    }
    a.set({1});
    a.step();
    a.step();
    for (int i = 0; i < 20; ++i) {
        CHECK(allocations_of_a_frame(a) == 0);
    }
    CHECK(a.only().is_silenced);
}

TEST_CASE("alerts that are left out because there are too many cost no allocation each frame", "[alert]") {
    alert_scene a{{{.name = "r", .expr = "x > 0"}}};
    for (int i = 0; i < 1'010; ++i) {
        a.add("x", {{"i", std::to_string(i)}});
    }
    a.values.assign(a.values.size(), 1);
    a.step();
    a.step();
    CHECK(allocations_of_a_frame(a) == 0);
}
