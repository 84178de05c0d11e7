// SPDX-License-Identifier: MIT
#include "fixtures.hpp"
#include "pipeline/generate.hpp"
#include "service/mesh_codec.hpp"
#include "service/mesh_key.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

using namespace studio_test;

namespace {

studio::encoded_mesh make(counting_resource& memory, studio::mesh_format format) {
    studio::parameters asked;
    asked.resolution = 16;
    asked.format = format;
    std::string const picture = "P5 16 16 255\n" + std::string(256, 'x');
    return studio::generate(memory, std::as_bytes(std::span{picture}), asked);
}

std::string encoded(studio::mesh_codec<counting_resource> const& codec, studio::encoded_mesh const& mesh) {
    std::string bytes = "before";
    codec.encode(mesh, bytes);
    REQUIRE(bytes.starts_with("before"));
    return bytes.substr(6);
}

} // namespace

TEST_CASE("studio: a mesh comes back from its bytes as it was, in memory of the pool") {
    counting_resource memory;
    studio::mesh_codec const codec{memory};
    for (auto const format : {studio::mesh_format::stl, studio::mesh_format::glb}) {
        auto const mesh = make(memory, format);
        auto const before = memory.live;
        auto const back = codec.decode(encoded(codec, mesh));
        REQUIRE(back);
        CHECK(memory.live >= before + mesh.bytes().size());
        CHECK(back->format() == format);
        CHECK(back->triangles() == mesh.triangles());
        CHECK(back->media_type() == mesh.media_type());
        CHECK(std::ranges::equal(back->bytes(), mesh.bytes()));
        CHECK(orfeas::cache::size_in_bytes(*back) == sizeof mesh + mesh.bytes().size());
    }
    CHECK(memory.live == 0);
}

TEST_CASE("studio: bytes that are no mesh are refused") {
    counting_resource memory;
    studio::mesh_codec const codec{memory};
    auto const stl = encoded(codec, make(memory, studio::mesh_format::stl));
    for (std::size_t size = 0; size < stl.size(); ++size) {
        CHECK_FALSE(codec.decode(std::string_view{stl}.substr(0, size)));
    }
    CHECK_FALSE(codec.decode(stl + "x"));
    auto other = stl;
    other.back() = '\1'; // said to be the other format
    CHECK_FALSE(codec.decode(other));
    other.back() = '\2'; // of none
    CHECK_FALSE(codec.decode(other));
    CHECK(memory.live == 0);
}

TEST_CASE("studio: a mesh's name depends on the picture, on what is asked for, and on the seed") {
    std::string const picture = "P5 1 1 255\nx";
    auto const bytes = std::as_bytes(std::span{picture});
    studio::parameters asked;
    auto const name = studio::mesh_key(bytes, asked, 1);
    CHECK(name.size() == 32);
    CHECK(studio::mesh_key(bytes, asked, 1) == name);
    CHECK(studio::mesh_key(bytes, asked, 2) != name);
    CHECK(studio::mesh_key(bytes.first(bytes.size() - 1), asked, 1) != name);
    asked.resolution = 64;
    CHECK(studio::mesh_key(bytes, asked, 1) != name);
}
