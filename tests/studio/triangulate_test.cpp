// SPDX-License-Identifier: MIT
#include "fixtures.hpp"
#include "mesh_checks.hpp"
#include "pipeline/triangulate.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <tuple>
#include <vector>

using namespace studio_test;

namespace {

studio::height_field<counting_resource> random_field(counting_resource& memory, studio::grid_size size,
                                                     std::mt19937& random) {
    studio::height_field<counting_resource> field{memory, size};
    for (float& height : field.values()) {
        height = static_cast<float>(random() % 1001) / 1000;
    }
    return field;
}

std::vector<facet> facets_of(studio::solid<counting_resource> const& from) {
    auto const at = [&](std::uint32_t i) {
        auto const p = from.vertices[i].position;
        return point{p.x, p.y, p.z};
    };
    std::vector<facet> out;
    for (auto const& [a, b, c] : from.triangles.span()) {
        out.push_back({{}, {at(a), at(b), at(c)}});
    }
    return out;
}

/// The least cosine between the normals that the vertices name and those of their triangles.
double least_agreement(studio::solid<counting_resource> const& from) {
    double least = 1;
    for (auto const& each : from.triangles.span()) {
        auto const [a, b, c] = std::tuple{from.vertices[each[0]], from.vertices[each[1]], from.vertices[each[2]]};
        double const ux = b.position.x - a.position.x, uy = b.position.y - a.position.y,
                     uz = b.position.z - a.position.z;
        double const vx = c.position.x - a.position.x, vy = c.position.y - a.position.y,
                     vz = c.position.z - a.position.z;
        double const nx = uy * vz - uz * vy, ny = uz * vx - ux * vz, nz = ux * vy - uy * vx;
        double const length = std::sqrt(nx * nx + ny * ny + nz * nz);
        for (auto const& v : {a, b, c}) {
            least = std::min(least, (nx * v.normal.x + ny * v.normal.y + nz * v.normal.z) / length);
        }
    }
    return least;
}

} // namespace

TEST_CASE("studio: a flat plate is a box") {
    counting_resource memory;
    {
        studio::height_field<counting_resource> field{memory, {5, 4}};
        std::fill(field.values().begin(), field.values().end(), 0.5F);
        auto const plate = studio::triangulate(memory, field, {40, 30, 2, 4});
        auto const facets = facets_of(plate);
        CHECK(leaks(facets).empty());
        CHECK(close_to(volume(facets), 40 * 30 * 4));
        auto const around = bounds(facets);
        CHECK(around.low == point{0, 0, 0});
        CHECK(around.high == point{40, 30, 4});
        CHECK(least_agreement(plate) > 0.999);
    }
    CHECK(memory.live == 0);
}

TEST_CASE("studio: every grid of at least 2 x 2 gives a closed solid") {
    auto const seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random{seed};
    for (int round = 0; round < 200; ++round) {
        studio::grid_size const grid{2 + static_cast<std::uint32_t>(random() % 9),
                                     2 + static_cast<std::uint32_t>(random() % 9)};
        CAPTURE(grid.columns, grid.rows);
        counting_resource memory;
        auto const field = random_field(memory, grid, random);
        auto const plate = studio::triangulate(memory, field, {25, 17, 2, 1});
        auto const facets = facets_of(plate);
        REQUIRE(leaks(facets).empty());
        REQUIRE(volume(facets) > 25 * 17 * 2);
        REQUIRE(volume(facets) < 25 * 17 * 3);
        REQUIRE(least_agreement(plate) > 0);
        REQUIRE(plate.vertices.size() == studio::plate_vertices(grid));
        REQUIRE(plate.triangles.size() == studio::plate_triangles(grid));
    }
}

TEST_CASE("studio: heights stand where the picture shows them") {
    counting_resource memory;
    studio::height_field<counting_resource> field{memory, {3, 3}};
    std::fill(field.values().begin(), field.values().end(), 0.0F);
    field.values()[0] = 1; // the picture's top left corner
    auto const plate = studio::triangulate(memory, field, {20, 20, 1, 5});
    auto const highest = std::max_element(plate.vertices.span().begin(), plate.vertices.span().end(),
                                          [](auto const& a, auto const& b) { return a.position.z < b.position.z; });
    CHECK(highest->position == studio::vector3{0, 20, 6});
}

TEST_CASE("studio: the counts of a 64 x 64 plate") {
    CHECK(studio::rim_points({64, 64}) == 252);
    CHECK(studio::plate_triangles({64, 64}) == 2 * 63 * 63 + 3 * 252);
    CHECK(studio::plate_triangles({2, 2}) == 2 + 12);
}

TEST_CASE("studio: the checker finds a hole, a turned triangle and a doubled one") {
    counting_resource memory;
    std::mt19937 random{1};
    auto const field = random_field(memory, {4, 4}, random);
    auto const facets = facets_of(studio::triangulate(memory, field, {10, 10, 1, 1}));
    auto hole = facets;
    hole.pop_back();
    CHECK(leaks(hole) == "an edge of only one triangle");
    auto turned = facets;
    std::swap(turned[3].corners[0], turned[3].corners[1]);
    CHECK(leaks(turned) == "an edge that two triangles run through in one direction");
    auto doubled = facets;
    doubled.push_back(facets[5]);
    CHECK(leaks(doubled) == "an edge that two triangles run through in one direction");
    auto thin = facets;
    thin[0].corners[1] = thin[0].corners[0];
    CHECK(leaks(thin) == "a triangle without area");
}
