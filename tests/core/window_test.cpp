// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/window.hpp>

#include <algorithm>
#include <deque>
#include <iterator>
#include <random>
#include <vector>

using namespace orfeas;

static_assert(std::forward_iterator<window<int>::const_iterator>);

TEST_CASE("core: a window keeps the newest values, oldest first") {
    window<int> last{3};
    CHECK(last.empty());
    for (int i = 1; i <= 5; ++i) {
        last.push(i);
    }
    CHECK(last.size() == 3);
    CHECK(last.capacity() == 3);
    CHECK(last.front() == 3);
    CHECK(last.back() == 5);
    CHECK(std::vector<int>(last.begin(), last.end()) == std::vector{3, 4, 5});
}

TEST_CASE("core: a cleared window is as new") {
    window<int> last{2};
    last.push(1);
    last.push(2);
    last.clear();
    CHECK(last.empty());
    last.push(9);
    CHECK(last.front() == 9);
    CHECK(last.back() == 9);
}

TEST_CASE("core: a window behaves as a deque that is cut at the front") {
    auto const seed = Catch::rngSeed();
    INFO("seed " << seed);
    std::mt19937 random{seed};
    for (std::size_t capacity = 1; capacity <= 9; ++capacity) {
        window<unsigned> last{capacity};
        std::deque<unsigned> model;
        for (int step = 0; step < 500; ++step) {
            if (random() % 50 == 0) {
                last.clear();
                model.clear();
            }
            auto const value = static_cast<unsigned>(random());
            last.push(value);
            model.push_back(value);
            if (model.size() > capacity) {
                model.pop_front();
            }
            REQUIRE(std::equal(last.begin(), last.end(), model.begin(), model.end()));
            REQUIRE(last[model.size() - 1] == model.back());
        }
    }
}
