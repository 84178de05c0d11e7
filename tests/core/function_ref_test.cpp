// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/function_ref.hpp>

#include <memory>
#include <string>
#include <type_traits>

using namespace orfeas;

static_assert(!std::is_default_constructible_v<function_ref<void()>>);
static_assert(!std::is_constructible_v<function_ref<int(int)>, std::string>);

namespace {

int apply(function_ref<int(int)> f, int x) {
    return f(x);
}

} // namespace

TEST_CASE("core: a borrowed callable is called with its state") {
    int calls = 0;
    auto add = [&calls, step = 10](int x) {
        ++calls;
        return x + step;
    };
    CHECK(apply(add, 1) == 11);
    CHECK(apply([](int x) { return -x; }, 3) == -3);
    CHECK(calls == 1);
}

TEST_CASE("core: a borrowed callable may change itself and take what can only be moved") {
    auto counter = [n = 0](std::unique_ptr<int> p) mutable { return n += *p; };
    function_ref<int(std::unique_ptr<int>)> const ref{counter};
    CHECK(ref(std::make_unique<int>(2)) == 2);
    CHECK(ref(std::make_unique<int>(3)) == 5);
}
