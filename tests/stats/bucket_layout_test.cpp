// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/stats/bucket_layout.hpp>

#include <cmath>
#include <cstddef>
#include <limits>

namespace stats = orfeas::stats;

TEST_CASE("stats: a layout covers whole octaves around the range that was asked for") {
    stats::bucket_layout const layout{{.lowest = 0.3, .highest = 5.0, .schema = 2}};
    CHECK(layout.lowest() == 0.25);
    CHECK(layout.highest() == 8.0);
    CHECK(layout.octave_count() == 5);
    CHECK(layout.size() == 5 * 4 + 2);
}

TEST_CASE("stats: a range that ends at a power of two is not widened") {
    stats::bucket_layout const layout{{.lowest = 0.25, .highest = 8.0, .schema = 0}};
    CHECK(layout.lowest() == 0.25);
    CHECK(layout.highest() == 8.0);
}

TEST_CASE("stats: every cell holds what lies between its bounds") {
    stats::bucket_layout const layout{{.lowest = 1e-3, .highest = 1e3, .schema = 3}};
    for (std::size_t cell = 0; cell + 1 < layout.size(); ++cell) {
        double const bound = layout.upper_bound(cell);
        REQUIRE(layout.cell_of(bound) == cell);
        REQUIRE(layout.cell_of(std::nextafter(bound, 1e9)) == cell + 1);
    }
    CHECK(std::isinf(layout.upper_bound(layout.size() - 1)));
}

TEST_CASE("stats: what is outside the range goes to the first or the last cell") {
    stats::bucket_layout const layout{{.lowest = 1, .highest = 16}};
    CHECK(layout.cell_of(0.0) == 0);
    CHECK(layout.cell_of(-5.0) == 0);
    CHECK(layout.cell_of(1e-320) == 0);
    CHECK(layout.cell_of(16.5) == layout.size() - 1);
    CHECK(layout.cell_of(std::numeric_limits<double>::max()) == layout.size() - 1);
}

TEST_CASE("stats: a range that is none is refused") {
    double const nan = std::numeric_limits<double>::quiet_NaN();
    double const infinity = std::numeric_limits<double>::infinity();
    CHECK_THROWS_AS((stats::bucket_layout{{.lowest = 0}}), orfeas::option_error);
    CHECK_THROWS_AS((stats::bucket_layout{{.lowest = nan}}), orfeas::option_error);
    CHECK_THROWS_AS((stats::bucket_layout{{.lowest = 2, .highest = 2}}), orfeas::option_error);
    CHECK_THROWS_AS((stats::bucket_layout{{.highest = infinity}}), orfeas::option_error);
    CHECK_THROWS_AS((stats::bucket_layout{{.schema = 9}}), orfeas::option_error);
}
