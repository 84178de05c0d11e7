// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/unique_function.hpp>

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

using namespace orfeas;

namespace {

int twice(int n) {
    return 2 * n;
}

} // namespace

TEST_CASE("core: a unique_function owns what it calls, also what cannot be copied") {
    auto const alive = std::make_shared<int>(7);
    {
        unique_function<int(int)> const add = [held = std::make_unique<int>(1), alive](int n) { return n + *held; };
        CHECK(add(41) == 42);
        CHECK(alive.use_count() == 2);
    }
    CHECK(alive.use_count() == 1);
    static_assert(!std::is_copy_constructible_v<unique_function<int(int)>>);
}

TEST_CASE("core: a unique_function takes functions, references and results that convert") {
    CHECK(unique_function<long(int)>{&twice}(4) == 8);
    CHECK(unique_function<long(int)>{std::function<int(int)>{twice}}(4) == 8);
    std::string text;
    unique_function<void(std::string&, std::unique_ptr<int>)> const append = [](std::string& to, auto number) {
        to += std::to_string(*number);
        return 0;
    };
    append(text, std::make_unique<int>(5));
    CHECK(text == "5");
    static_assert(!std::is_constructible_v<unique_function<int(int)>, std::string>);
    static_assert(!std::is_constructible_v<unique_function<int(int)>, int (*)()>);
}

TEST_CASE("core: a unique_function is empty until it is given a callable, and when it was moved from") {
    unique_function<int()> first;
    CHECK(first == nullptr);
    first = [n = 0]() mutable { return ++n; };
    CHECK(first != nullptr);
    CHECK(first() == 1);
    unique_function<int()> second = std::move(first);
    CHECK(second() == 2);
    second = nullptr;
    CHECK(second == nullptr);
}
