// SPDX-License-Identifier: MIT
#include "../../../benchmarks/detect/server_data.hpp"
#include "../../../benchmarks/detect/vus_pr.hpp"
#include "detect/random.hpp"
#include "detect/scorers/recorded_data.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>
#include <vector>

using namespace bench::detect;

namespace {

using labels = std::vector<std::uint8_t>;

/// The definition, threshold by threshold and row by row.
double plain_average_precision(std::vector<double> const& scores, labels const& truth, std::size_t width) {
    std::size_t const n = scores.size();
    auto const segments = segments_of(truth);
    std::size_t const half = width / 2;
    std::vector<double> soft(n);
    for (auto const& [first, last] : segments) {
        for (std::size_t d = 1; d <= half; ++d) {
            double const value = std::sqrt(1 - static_cast<double>(d) / static_cast<double>(width));
            if (first >= d) {
                soft[first - d] += value;
            }
            if (last + d < n) {
                soft[last + d] += value;
            }
        }
    }
    std::vector<row_window> merged;
    for (auto const& [first, last] : segments) {
        row_window const wide{first - std::min(first, half), std::min(last + half, n - 1)};
        if (!merged.empty() && merged.back().last >= wide.first) {
            merged.back().last = wide.last;
        } else {
            merged.push_back(wide);
        }
    }
    auto sorted = scores;
    std::sort(sorted.begin(), sorted.end(), std::greater<>{});
    double area = 0;
    double before = 0;
    for (std::size_t k = 0; k < 250; ++k) {
        double const threshold =
            sorted[static_cast<std::size_t>(static_cast<double>(k) * static_cast<double>(n - 1) / 249)];
        double flagged = 0;
        double hits = 0;
        double positive = 0;
        double soft_hits = 0;
        for (std::size_t i = 0; i < n; ++i) {
            bool const is_flagged = scores[i] >= threshold;
            flagged += is_flagged ? 1 : 0;
            positive += truth[i];
            hits += is_flagged ? truth[i] : 0;
            soft_hits += is_flagged && truth[i] == 0 ? std::min(1.0, soft[i]) : 0;
        }
        double touched = 0;
        for (auto const& [first, last] : merged) {
            bool any = false;
            for (std::size_t i = first; i <= last; ++i) {
                any = any || scores[i] >= threshold;
            }
            touched += any ? 1 : 0;
        }
        hits += soft_hits;
        double const recall = std::min(1.0, hits / ((positive + positive + soft_hits) / 2)) * touched /
                              static_cast<double>(merged.size());
        area += (recall - before) * hits / flagged;
        before = recall;
    }
    return area;
}

} // namespace

TEST_CASE("detect: VUS-PR is what its definition says, on random series") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    for (int round = 0; round < 20; ++round) {
        auto const n = std::uniform_int_distribution<std::size_t>{50, 900}(random);
        std::vector<double> scores(n);
        labels truth(n);
        bool inside = false;
        for (std::size_t i = 0; i < n; ++i) {
            inside = std::uniform_real_distribution<>{0, 1}(random) < (inside ? 0.85 : 0.04);
            truth[i] = inside ? 1 : 0;
            double const score = std::normal_distribution<>{inside ? 1.0 : 0.0, 1}(random);
            scores[i] = round % 2 == 0 ? score : std::round(2 * score); // ties
        }
        truth[n / 2] = 1;
        vus_pr_scorer const scorer{scores, truth};
        double sum = 0;
        for (std::size_t width = 0; width <= 30; ++width) {
            INFO("round " << round << " width " << width);
            double const plain = plain_average_precision(scores, truth, width);
            REQUIRE(scorer.average_precision(width) == Approx(plain).epsilon(1e-9));
            sum += plain;
        }
        CHECK(scorer.score(30) == Approx(sum / 31));
    }
}

TEST_CASE("detect: VUS-PR of perfect scores is near 1, of inverted ones near 0") {
    labels truth(2'000);
    std::fill(truth.begin() + 500, truth.begin() + 600, std::uint8_t{1});
    std::vector<double> scores(truth.begin(), truth.end());
    CHECK(vus_pr(scores, truth, 0) == Approx(1));
    CHECK(vus_pr(scores, truth, 20) > 0.9);
    for (auto& each : scores) {
        each = 1 - each;
    }
    CHECK(vus_pr(scores, truth, 0) < 0.06);
}

TEST_CASE("detect: the buffer of VUS-PR is the lag of the highest peak of the autocorrelation") {
    std::vector<double> wave;
    for (int i = 0; i < 3'000; ++i) {
        wave.push_back(std::sin(i * 2 * 3.14159265358979 / 50));
    }
    CHECK(vus_window(wave) == 50);
    CHECK(vus_window(std::vector<double>(1'000, 3.0)) == 125);
}

TEST_CASE("detect: the buffers of the recorded machines are those that TSB-AD used") {
    if (!orfeas_test::has_smd()) {
        ORFEAS_TEST_SKIP("no SMD in " + orfeas_test::smd_folder().string() + " (set ORFEAS_DATA)");
    }
    auto const reference = read_tsb_reference(orfeas_test::smd_folder());
    auto const machines = read_smd(orfeas_test::smd_folder());
    REQUIRE(machines.size() == 6);
    for (auto const& machine : machines) {
        INFO(machine.name);
        REQUIRE(machine.test.columns == 38);
        CHECK(machine.labels.size() == machine.test.rows());
        std::vector<double> first;
        for (std::size_t i = 0; i < machine.test.rows(); ++i) {
            first.push_back(machine.test.values[i * machine.test.columns]);
        }
        CHECK(vus_window(first) == reference.at(machine.name).vus_window);
        auto const segments = segments_of(machine.labels);
        REQUIRE(machine.incidents.size() == segments.size());
        for (std::size_t i = 0; i < segments.size(); ++i) {
            CHECK(machine.incidents[i].rows == segments[i]);
            CHECK_FALSE(machine.incidents[i].metrics.empty());
        }
    }
    CHECK(reference.at("machine-1-7").vus_pr.at("TranAD") == Approx(0.221422));
}

TEST_CASE("detect: the servers of ASD are read with their incidents") {
    if (!orfeas_test::has_smd()) {
        ORFEAS_TEST_SKIP("no ASD in " + orfeas_test::smd_folder().string() + " (set ORFEAS_DATA)");
    }
    auto const servers = read_asd(orfeas_test::smd_folder());
    REQUIRE(servers.size() == 12);
    for (auto const& each : servers) {
        INFO(each.name);
        CHECK(each.test.columns == 19);
        CHECK(each.incidents.size() >= 3);
        CHECK(each.incidents.size() <= 10);
        for (auto const& incident : each.incidents) {
            CHECK(each.labels[incident.rows.first] == 1);
            CHECK(each.labels[incident.rows.last] == 1);
        }
    }
}
