// SPDX-License-Identifier: MIT
#include "fixtures.hpp"
#include "mesh_checks.hpp"
#include "pipeline/encode.hpp"
#include "pipeline/triangulate.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>

using namespace studio_test;
using orfeas_test::contains;

namespace {

studio::solid<counting_resource> wave(counting_resource& memory, studio::grid_size grid) {
    studio::height_field<counting_resource> field{memory, grid};
    for (std::uint32_t i = 0; i < field.values().size(); ++i) {
        field.values()[i] = 0.5F + 0.5F * std::sin(static_cast<float>(i));
    }
    return studio::triangulate(memory, field, {40, 30, 2, 4});
}

double length(point p) {
    return std::sqrt(double{p.x} * p.x + double{p.y} * p.y + double{p.z} * p.z);
}

/// The numbers of a JSON array of three after `"key":`.
point json_point(std::string const& json, std::string const& key) {
    auto const at = json.find("\"" + key + "\":[") + key.size() + 4;
    point out{};
    REQUIRE(std::sscanf(json.c_str() + at, "%f,%f,%f]", &out.x, &out.y, &out.z) == 3);
    return out;
}

} // namespace

TEST_CASE("studio: binary STL, byte by byte") {
    counting_resource memory;
    auto const plate = wave(memory, {7, 5});
    auto const file = studio::encode_stl(memory, plate);
    REQUIRE(file.size() == studio::stl_bytes(plate.triangles.size()));
    std::string const header{reinterpret_cast<char const*>(file.data()), 80};
    CHECK(header.starts_with("orfeas studio"));
    CHECK(header.back() == '\0');
    auto const facets = read_stl(file.span());
    REQUIRE(facets.size() == plate.triangles.size());
    for (std::size_t i = 0; i < facets.size(); ++i) {
        auto const& corner = plate.vertices[plate.triangles[i][0]].position;
        REQUIRE(facets[i].corners[0] == point{corner.x, corner.y, corner.z});
        REQUIRE(close_to(length(facets[i].normal), 1));
        REQUIRE(read_at<std::uint16_t>(file.span(), 84 + 50 * i + 48) == 0);
    }
    CHECK(facets.back().normal == point{0, 0, -1});
    CHECK(leaks(facets).empty());
}

TEST_CASE("studio: a triangle without area has no normal, and no NaN") {
    CHECK(studio::detail::facet_normal({1, 1, 1}, {1, 1, 1}, {2, 2, 2}) == studio::vector3{0, 0, 0});
}

TEST_CASE("studio: an STL at 64 x 64 stays below 850 kB") {
    CHECK(studio::stl_bytes(studio::plate_triangles({64, 64})) == 434'784);
}

TEST_CASE("studio: GLB, chunk by chunk") {
    counting_resource memory;
    auto const plate = wave(memory, {7, 5});
    auto const file = studio::encode_glb(memory, plate);
    auto const read = read_glb(file.span());
    CHECK(read.json.starts_with(R"({"asset":{"version":"2.0")"));
    CHECK_THAT(read.json, contains(R"("componentType":5125,"type":"SCALAR")"));
    CHECK(read.positions.size() == plate.vertices.size());
    CHECK(read.triangles.size() == plate.triangles.size());
    CHECK(
        std::all_of(read.normals.begin(), read.normals.end(), [](point n) { return std::abs(length(n) - 1) < 1e-5; }));

    auto const facets = read.facets();
    CHECK(leaks(facets).empty());
    auto const around = bounds(facets);
    CHECK(json_point(read.json, "min") == around.low);
    CHECK(json_point(read.json, "max") == around.high);
    CHECK(close_to(around.high.x, 0.040));
    CHECK(close_to(around.high.y, 0.006, 0.02));
    CHECK(close_to(around.low.z, -0.030));
    CHECK(close_to(volume(facets) * 1e9, volume(read_stl(studio::encode_stl(memory, plate).span())), 1e-4));
}

TEST_CASE("studio: an encoded mesh shares its bytes") {
    counting_resource memory;
    {
        auto const plate = wave(memory, {4, 4});
        auto const mesh = studio::encode(memory, plate, studio::mesh_format::stl);
        auto const allocations = memory.allocations;
        auto const copy = mesh;
        CHECK(copy.bytes().data() == mesh.bytes().data());
        CHECK(copy.owner().use_count() == 2);
        CHECK(memory.allocations == allocations);
        CHECK(copy.media_type() == "model/stl");
        CHECK(copy.triangles() == plate.triangles.size());
        CHECK(studio::encode(memory, plate, studio::mesh_format::glb).media_type() == "model/gltf-binary");
    }
    CHECK(memory.live == 0);
}
