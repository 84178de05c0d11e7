// SPDX-License-Identifier: MIT
#include "fixtures.hpp"
#include "mesh_checks.hpp"
#include "picture_writers.hpp"
#include "pipeline/generate.hpp"
#include "support/catch.hpp"
#include "support/opaque_pool.hpp"

#include <orfeas/memory/heap_resource.hpp>
#include <orfeas/memory/out_of_memory.hpp>

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

using namespace studio_test;

namespace {

std::vector<std::uint8_t> ramp(std::size_t count) {
    std::vector<std::uint8_t> out(count);
    for (std::size_t i = 0; i < count; ++i) {
        out[i] = static_cast<std::uint8_t>(i * 7);
    }
    return out;
}

/// What is wrong with the STL and the GLB that a picture gives; empty when both are solids of the right lengths.
std::string defects(bytes const& picture, std::uint32_t resolution) {
    orfeas::memory::heap_resource memory;
    studio::parameters asked;
    asked.resolution = resolution;
    auto const size = studio::decode(memory, picture).size();
    auto const stl = read_stl(studio::generate(memory, picture, asked).bytes());
    asked.format = studio::mesh_format::glb;
    auto const glb = read_glb(studio::generate(memory, picture, asked).bytes()).facets();
    double const depth = asked.width_mm * size.height / size.width;
    auto const around = bounds(stl);
    if (!(around.low == point{0, 0, 0}) || std::abs(around.high.x - asked.width_mm) > 1e-4 ||
        std::abs(around.high.y - depth) > 1e-4 || std::abs(around.high.z - asked.base_mm - asked.relief_mm) > 1e-4) {
        return "wrong lengths";
    }
    double const least = asked.width_mm * depth * asked.base_mm * 0.999;
    if (volume(stl) < least || volume(glb) * 1e9 < least) {
        return "wrong volume";
    }
    return leaks(stl) + leaks(glb);
}

/// Notes each stage's begin and end.
struct recorder {
    struct scope {
        std::vector<std::string>* events;
        std::string name;
        scope(std::vector<std::string>* to, std::string_view stage) : events{to}, name{stage} {
            events->push_back("+" + name);
        }
        scope(scope const&) = delete;
        scope& operator=(scope const&) = delete;
        ~scope() { events->push_back("-" + name); }
    };
    std::vector<std::string> events;

    scope stage(std::string_view name) { return {&events, name}; }
};
static_assert(studio::stage_instrument<recorder>);
static_assert(!studio::stage_instrument<int>);
static_assert(!studio::relief_device<recorder, orfeas::memory::heap_resource>);

} // namespace

TEST_CASE("studio: the example's pictures become closed solids") {
    auto const pictures = pictures_in(example_pictures);
    REQUIRE(pictures.size() == 2);
    for (auto const& each : pictures) {
        for (std::uint32_t const resolution : {16U, 61U, 160U}) {
            CAPTURE(each.string(), resolution);
            CHECK(defects(read_file(each), resolution).empty());
        }
    }
}

TEST_CASE("studio: the finest grid gives a closed solid") {
    CHECK(defects(write_pgm(320, 20, ramp(6400)), 1024).empty());
}

TEST_CASE("studio: all pictures of the data folder become closed solids") {
    auto const pictures = pictures_in(data_pictures());
    if (pictures.empty()) {
        ORFEAS_TEST_SKIP("no pictures in " + data_pictures().string() + " (set ORFEAS_DATA)");
    }
    for (auto const& each : pictures) {
        for (std::uint32_t const resolution : {64U, 128U}) {
            CAPTURE(each.string(), resolution);
            CHECK(defects(read_file(each), resolution).empty());
        }
    }
}

TEST_CASE("studio: small and narrow pictures become closed solids") {
    for (auto const& [width, height] : {std::pair{2U, 2U}, {64U, 2U}, {2U, 64U}, {3U, 5U}}) {
        CAPTURE(width, height);
        CHECK(defects(write_pgm(width, height, ramp(std::size_t{width} * height)), 16).empty());
        CHECK(defects(write_pgm(width, height, ramp(std::size_t{width} * height)), 100).empty());
    }
}

TEST_CASE("studio: admesh finds no defect in the STL") {
    if (std::system("command -v admesh >/dev/null 2>&1") != 0) {
        ORFEAS_TEST_SKIP("admesh is not installed (package admesh)");
    }
    orfeas::memory::heap_resource memory;
    auto const path = std::filesystem::temp_directory_path() / ("orfeas_" + std::to_string(::getpid()) + ".stl");
    for (auto const& each : pictures_in(example_pictures)) {
        auto const mesh = studio::generate(memory, read_file(each));
        std::ofstream{path, std::ios::binary}.write(reinterpret_cast<char const*>(mesh.bytes().data()),
                                                    static_cast<std::streamsize>(mesh.bytes().size()));
        std::string report;
        auto* const pipe = ::popen(("admesh '" + path.string() + "' 2>&1").c_str(), "r");
        REQUIRE(pipe != nullptr);
        for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) {
            report.push_back(static_cast<char>(c));
        }
        CHECK(::pclose(pipe) == 0);
        std::filesystem::remove(path);
        INFO(report);
        auto const figure = [&](std::string const& label) {
            auto const at = report.find(label);
            REQUIRE(at != std::string::npos);
            return std::stod(report.substr(report.find(':', at) + 1));
        };
        CHECK(figure("Number of facets") == mesh.triangles());
        for (auto const* defect :
             {"Facets with 1 disconnected edge ", "Total disconnected facets", "Degenerate facets", "Edges fixed",
              "Facets removed", "Facets added", "Facets reversed", "Backwards edges", "Normals fixed"}) {
            CAPTURE(defect);
            CHECK(figure(defect) == 0);
        }
        CHECK(figure("Number of parts") == 1);
        CHECK(figure("Volume ") > 0);
    }
}

TEST_CASE("studio: one run passes through five stages in order") {
    orfeas::memory::heap_resource memory;
    studio::host_relief device;
    recorder watch;
    static_cast<void>(studio::generate(memory, device, write_pgm(20, 20, ramp(400)), {}, watch));
    CHECK(watch.events == std::vector<std::string>{"+decode", "-decode", "+upload", "-upload", "+relief", "-relief",
                                                   "+triangulate", "-triangulate", "+encode", "-encode"});
}

TEST_CASE("studio: a stage that fails ends") {
    counting_resource memory;
    studio::host_relief device;
    recorder watch;
    CHECK_THROWS_AS(studio::generate(memory, device, to_bytes("GIF89a"), {}, watch), studio::bad_picture);
    CHECK(watch.events == std::vector<std::string>{"+decode", "-decode"});
    studio::parameters wrong;
    wrong.resolution = 5000;
    CHECK_THROWS_AS(studio::generate(memory, write_pgm(20, 20, ramp(400)), wrong), orfeas::option_error);
    counting_resource small{20'000};
    CHECK_THROWS_AS(studio::generate(small, write_pgm(100, 100, ramp(10'000))), orfeas::memory::out_of_memory);
    CHECK(small.live == 0);
}

TEST_CASE("studio: pool and heap give the same bytes, and the pool gets all of its memory back") {
    auto const picture = read_file(example_pictures / "camera.png");
    studio::parameters asked;
    asked.resolution = 100;
    orfeas::memory::heap_resource heap;
    orfeas_test::opaque_pool pool{256 << 20};
    {
        auto const expected = studio::generate(heap, picture, asked);
        auto const mesh = studio::generate(pool, picture, asked);
        CHECK(std::equal(mesh.bytes().begin(), mesh.bytes().end(), expected.bytes().begin(), expected.bytes().end()));
        CHECK(pool.profile().allocations == 1); // the mesh itself
    }
    CHECK(pool.profile().allocated_bytes == 0);
}

TEST_CASE("studio: the pool knows what each stage holds") {
    orfeas_test::opaque_pool pool{64 << 20};
    auto const mesh = studio::generate(pool, write_pgm(40, 30, ramp(1200)));
    std::vector<std::string> names;
    for (auto const& each : pool.tags()) {
        names.push_back(each.name);
        CHECK((each.current_bytes > 0) == (each.name == "encode")); // the mesh is what is left
        CHECK(each.peak_bytes > 0);
    }
    std::sort(names.begin(), names.end());
    CHECK(names == std::vector<std::string>{"decode", "encode", "relief", "triangulate"}); // the host uploads nothing
}
