// SPDX-License-Identifier: MIT
#include "fixtures.hpp"
#include "pipeline/relief.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <random>
#include <vector>

using namespace studio_test;

namespace {

using paint = std::function<double(std::uint32_t x, std::uint32_t y)>;

studio::image<counting_resource> painted(counting_resource& memory, studio::picture_size size, paint const& luminance) {
    studio::image<counting_resource> out{memory, size};
    for (std::uint32_t y = 0; y < size.height; ++y) {
        for (std::uint32_t x = 0; x < size.width; ++x) {
            out.row(y)[x] = static_cast<std::uint8_t>(std::lround(luminance(x, y)));
        }
    }
    return out;
}

/// Mean over the window of `radius` around each point, straight from the definition.
std::vector<float> plain_box_mean(std::vector<float> const& from, int rows, int columns, int radius) {
    std::vector<float> out;
    for (int j = 0; j < rows; ++j) {
        for (int i = 0; i < columns; ++i) {
            double sum = 0;
            int count = 0;
            for (int y = std::max(0, j - radius); y <= std::min(rows - 1, j + radius); ++y) {
                for (int x = std::max(0, i - radius); x <= std::min(columns - 1, i + radius); ++x, ++count) {
                    sum += from[static_cast<std::size_t>(y * columns + x)];
                }
            }
            out.push_back(static_cast<float>(sum / count));
        }
    }
    return out;
}

double deviation(std::vector<double> const& values) {
    double mean = 0;
    for (double const v : values) {
        mean += v / static_cast<double>(values.size());
    }
    double sum = 0;
    for (double const v : values) {
        sum += (v - mean) * (v - mean);
    }
    return std::sqrt(sum / static_cast<double>(values.size()));
}

} // namespace

TEST_CASE("studio: a grid keeps the picture's proportion") {
    CHECK(studio::grid_over({512, 512}, 256) == studio::grid_size{256, 256});
    CHECK(studio::grid_over({640, 427}, 64) == studio::grid_size{64, 43});
    CHECK(studio::grid_over({427, 640}, 64) == studio::grid_size{43, 64});
    CHECK(studio::grid_over({3200, 100}, 16) == studio::grid_size{16, 2});
}

TEST_CASE("studio: the sliding mean is the mean") {
    auto const seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random{seed};
    for (int round = 0; round < 60; ++round) {
        int const rows = 2 + static_cast<int>(random() % 20);
        int const columns = 2 + static_cast<int>(random() % 20);
        int const radius = 1 + static_cast<int>(random() % 16);
        std::vector<float> values(static_cast<std::size_t>(rows * columns));
        std::generate(values.begin(), values.end(), [&] { return static_cast<float>(random() % 1000) / 1000; });
        auto const expected = plain_box_mean(values, rows, columns, radius);
        std::vector<float> scratch(values.size());
        std::vector<float> line(static_cast<std::size_t>(columns));
        studio::detail::box_mean({values.data(), rows, columns}, {scratch.data(), rows, columns}, line.data(), radius);
        float largest = 0;
        for (std::size_t i = 0; i < values.size(); ++i) {
            largest = std::max(largest, std::abs(values[i] - expected[i]));
        }
        CAPTURE(rows, columns, radius);
        CHECK(largest < 1e-5F);
    }
}

TEST_CASE("studio: resampling keeps a constant and a slope, coarser and finer") {
    counting_resource memory;
    auto const grid = GENERATE(studio::grid_size{10, 7}, studio::grid_size{100, 70}, studio::grid_size{331, 231});
    auto const flat = painted(memory, {100, 70}, [](auto, auto) { return 51; });
    auto const constant = studio::detail::resample(memory, flat, grid);
    CHECK(std::all_of(constant.values().begin(), constant.values().end(),
                      [](float v) { return std::abs(v - 0.2F) < 1e-6F; }));

    auto const slope = painted(memory, {100, 70}, [](auto x, auto y) { return x + y; });
    auto const sloped = studio::detail::resample(memory, slope, grid);
    auto const pixel = [](std::uint32_t i, std::uint32_t points, double pixels) {
        return (i + 0.5) * pixels / points - 0.5;
    };
    double largest = 0; // within the picture; at its rim the tent is cut off
    for (auto j = grid.rows / 5; j < grid.rows * 4 / 5; ++j) {
        for (auto i = grid.columns / 5; i < grid.columns * 4 / 5; ++i) {
            double const expected = (pixel(i, grid.columns, 100) + pixel(j, grid.rows, 70)) / 255;
            largest = std::max(largest, std::abs(sloped.at(i, j) - expected));
        }
    }
    CHECK(largest < 0.002);
}

TEST_CASE("studio: a relief spans 0 to 1 and is repeatable") {
    counting_resource memory;
    {
        auto const picture = painted(memory, {97, 61}, [](auto x, auto y) { return (x * x + 3 * y * x) % 256; });
        auto const grid = GENERATE(studio::grid_size{16, 10}, studio::grid_size{97, 61}, studio::grid_size{512, 322});
        auto const first = studio::estimate_relief(memory, picture, grid);
        auto const again = studio::estimate_relief(memory, picture, grid);
        auto const [low, high] = std::minmax_element(first.values().begin(), first.values().end());
        CHECK(*low == 0.0F);
        CHECK(*high == 1.0F);
        CHECK(std::equal(first.values().begin(), first.values().end(), again.values().begin()));
    }
    CHECK(memory.live == 0);
}

TEST_CASE("studio: a picture without contrast stays flat") {
    counting_resource memory;
    auto const grey = painted(memory, {40, 30}, [](auto, auto) { return 200; });
    auto const flat = studio::estimate_relief(memory, grey, {32, 24});
    CHECK(*std::max_element(flat.values().begin(), flat.values().end()) < 1e-4F);

    auto const faint = painted(memory, {40, 30}, [](auto x, auto) { return x < 20 ? 200 : 201; });
    auto const low = studio::estimate_relief(memory, faint, {32, 24});
    CHECK(*std::max_element(low.values().begin(), low.values().end()) < 0.1F);
}

TEST_CASE("studio: bright is high, and the picture's left and top stay left and top") {
    counting_resource memory;
    auto const picture = painted(memory, {64, 64}, [](auto x, auto y) { return x < 20 && y < 20 ? 250 : 10; });
    auto const field = studio::estimate_relief(memory, picture, {32, 32});
    CHECK(field.at(3, 3) > 0.95F);
    CHECK(field.at(28, 3) < 0.05F);
    CHECK(field.at(3, 28) < 0.05F);
}

TEST_CASE("studio: edges stay, noise goes") {
    counting_resource memory;
    std::mt19937 random{7};
    std::normal_distribution<double> noise{0, 4};
    auto const picture =
        painted(memory, {256, 256}, [&](auto x, auto) { return (x < 128 ? 60 : 190) + noise(random); });
    studio::grid_size const grid{256, 256};
    auto const before = studio::detail::resample(memory, picture, grid);
    auto const after = studio::estimate_relief(memory, picture, grid);

    // a flat part, compared on the scale of the step
    std::vector<double> noise_before;
    std::vector<double> noise_after;
    for (std::uint32_t j = 20; j < 230; ++j) {
        for (std::uint32_t i = 20; i < 100; ++i) {
            noise_before.push_back(before.at(i, j));
            noise_after.push_back(after.at(i, j));
        }
    }
    double const step_before = before.at(200, 128) - before.at(50, 128);
    double const step_after = after.at(200, 128) - after.at(50, 128);
    CHECK(deviation(noise_after) / step_after < 0.4 * deviation(noise_before) / step_before);

    // the step still happens within two grid points
    double rise = 0;
    for (std::uint32_t j = 20; j < 230; ++j) {
        rise += (after.at(129, j) - after.at(126, j)) / 210;
    }
    CHECK(rise / step_after > 0.8);
}
