// SPDX-License-Identifier: MIT
#include "detect/limit_detector.hpp"
#include "detect/streams.hpp"
#include "support/catch.hpp"

#include <orfeas/detect/any_detector.hpp>

#include <utility>
#include <vector>

using namespace orfeas;
using namespace orfeas::detect;
using orfeas_test::judged;
using orfeas_test::limit_detector;

TEST_CASE("detect: any detector says what the one in it says") {
    limit_detector plain;
    any_detector any{plain};
    std::vector<double> const values{1, 1, 3, 15, 12, 1};
    CHECK(judged(any, values) == judged(plain, values));
    CHECK(any.warm());
    any.reset();
    CHECK_FALSE(any.warm());
}

TEST_CASE("detect: copies of any detector go their own ways") {
    any_detector one{limit_detector{}};
    judged(one, {1, 1, 1});
    any_detector other = one;
    judged(other, {15});
    CHECK(one.update({std::chrono::seconds{2000}, 15}).alert.phase == alert_phase::starts);
    CHECK(other.update({std::chrono::seconds{2000}, 15}).alert.phase == alert_phase::continues);
    one = other;
    CHECK(one.update({std::chrono::seconds{2300}, 15}).alert.phase == alert_phase::continues);
    any_detector const moved = std::move(one);
    CHECK(moved.warm());
}

TEST_CASE("detect: any detector is saved as the one in it") {
    limit_detector plain;
    judged(plain, {1, 1, 1, 15});
    std::vector<std::byte> bytes;
    state_writer out{bytes};
    plain.save(out);
    any_detector any{limit_detector{}};
    state_reader in{bytes};
    REQUIRE_FALSE(any.load(in));
    CHECK(any.update({std::chrono::seconds{1200}, 15}).alert.phase == alert_phase::continues);
    std::vector<std::byte> again;
    state_writer copy{again};
    plain.update({std::chrono::seconds{1200}, 15});
    plain.save(copy);
    std::vector<std::byte> of_any;
    state_writer copy_of_any{of_any};
    any.save(copy_of_any);
    CHECK(of_any == again);
}
