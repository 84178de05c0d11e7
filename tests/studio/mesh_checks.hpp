// SPDX-License-Identifier: MIT
//
// A mesh read back from the bytes of a file, and what makes it a solid.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

namespace studio_test {

struct point {
    float x, y, z;

    friend bool operator==(point, point) = default;
};

/// Whether two numbers differ by at most a share of the expected one.
inline bool close_to(double value, double expected, double share = 1e-5) {
    return std::abs(value - expected) <= share * std::abs(expected);
}

struct facet {
    point normal;
    std::array<point, 3> corners;
};

template<class T>
T read_at(std::span<std::byte const> file, std::size_t at) {
    T value;
    if (at + sizeof value > file.size()) {
        throw std::out_of_range{"the file ends before what it announces"};
    }
    std::memcpy(&value, file.data() + at, sizeof value);
    return value;
}

/// The facets of a binary STL. Throws when the size contradicts the count.
inline std::vector<facet> read_stl(std::span<std::byte const> file) {
    auto const count = read_at<std::uint32_t>(file, 80);
    if (file.size() != 84 + std::size_t{50} * count) {
        throw std::out_of_range{"size and number of facets disagree"};
    }
    std::vector<facet> facets;
    for (std::uint32_t i = 0; i < count; ++i) {
        facets.push_back(read_at<facet>(file, 84 + std::size_t{50} * i));
    }
    return facets;
}

/// Numbers the corners so that equal positions, to the last bit, have equal numbers.
inline std::vector<std::array<std::uint32_t, 3>> weld(std::vector<facet> const& facets) {
    struct hash {
        std::size_t operator()(point p) const noexcept {
            auto const mix = [](std::size_t seed, float f) {
                return (seed ^ std::bit_cast<std::uint32_t>(f)) * 0x9e3779b97f4a7c15U;
            };
            return mix(mix(mix(1, p.x), p.y), p.z) >> 7;
        }
    };
    std::unordered_map<point, std::uint32_t, hash> numbers;
    std::vector<std::array<std::uint32_t, 3>> triangles;
    for (auto const& each : facets) {
        auto& triangle = triangles.emplace_back();
        for (std::size_t corner = 0; corner < 3; ++corner) {
            auto const next = static_cast<std::uint32_t>(numbers.size());
            triangle[corner] = numbers.try_emplace(each.corners[corner], next).first->second;
        }
    }
    return triangles;
}

/// What is wrong with a mesh as the surface of a solid; empty when it is watertight: no triangle has two equal corners,
/// and every edge belongs to exactly two triangles that run through it in opposite directions.
inline std::string leaks(std::vector<std::array<std::uint32_t, 3>> const& triangles) {
    std::vector<std::uint64_t> edges;
    for (auto const& each : triangles) {
        for (std::size_t corner = 0; corner < 3; ++corner) {
            std::uint64_t const from = each[corner];
            std::uint64_t const to = each[(corner + 1) % 3];
            if (from == to) {
                return "a triangle without area";
            }
            edges.push_back(from << 32 | to);
        }
    }
    std::sort(edges.begin(), edges.end());
    if (std::adjacent_find(edges.begin(), edges.end()) != edges.end()) {
        return "an edge that two triangles run through in one direction";
    }
    auto reversed = edges;
    std::transform(edges.begin(), edges.end(), reversed.begin(), [](auto edge) { return edge << 32 | edge >> 32; });
    std::sort(reversed.begin(), reversed.end());
    if (reversed != edges) {
        return "an edge of only one triangle";
    }
    return triangles.empty() ? "no triangles" : "";
}

inline std::string leaks(std::vector<facet> const& facets) {
    return leaks(weld(facets));
}

/// Enclosed volume by the divergence theorem: positive when the triangles face outwards.
inline double volume(std::vector<facet> const& facets) {
    double sum = 0;
    for (auto const& [normal, corners] : facets) {
        auto const& [a, b, c] = corners;
        double const ax = a.x, ay = a.y, az = a.z;
        double const bx = b.x, by = b.y, bz = b.z;
        double const cx = c.x, cy = c.y, cz = c.z;
        sum += ax * (by * cz - bz * cy) + ay * (bz * cx - bx * cz) + az * (bx * cy - by * cx);
    }
    return sum / 6;
}

struct box {
    point low{INFINITY, INFINITY, INFINITY};
    point high{-INFINITY, -INFINITY, -INFINITY};
};

inline box bounds(std::vector<facet> const& facets) {
    box found;
    for (auto const& each : facets) {
        for (auto const& p : each.corners) {
            found.low = {std::min(found.low.x, p.x), std::min(found.low.y, p.y), std::min(found.low.z, p.z)};
            found.high = {std::max(found.high.x, p.x), std::max(found.high.y, p.y), std::max(found.high.z, p.z)};
        }
    }
    return found;
}

/// A GLB taken apart.
struct glb {
    std::string json;
    std::vector<point> positions;
    std::vector<point> normals;
    std::vector<std::array<std::uint32_t, 3>> triangles;

    /// As facets with welded positions in mind; the normal is that of the first corner.
    std::vector<facet> facets() const {
        std::vector<facet> out;
        for (auto const& [a, b, c] : triangles) {
            out.push_back({normals.at(a), {positions.at(a), positions.at(b), positions.at(c)}});
        }
        return out;
    }
};

/// The whole number after `key` in the JSON, searched from the `nth` occurrence (from 0).
inline std::size_t json_number(std::string const& json, std::string const& key, int nth = 0) {
    std::size_t at = 0;
    for (int i = 0; i <= nth; ++i) {
        at = json.find("\"" + key + "\":", at);
        if (at == std::string::npos) {
            throw std::out_of_range{"no " + key};
        }
        at += key.size() + 3;
    }
    return std::stoul(json.substr(at));
}

/// Reads a GLB and checks its frame: magic, version, lengths, chunk types and their alignment.
inline glb read_glb(std::span<std::byte const> file) {
    auto const expect = [](bool holds, char const* what) {
        if (!holds) {
            throw std::out_of_range{what};
        }
    };
    expect(read_at<std::uint32_t>(file, 0) == 0x46546C67, "magic");
    expect(read_at<std::uint32_t>(file, 4) == 2, "version");
    expect(read_at<std::uint32_t>(file, 8) == file.size(), "length");
    std::size_t const json_bytes = read_at<std::uint32_t>(file, 12);
    expect(json_bytes % 4 == 0 && read_at<std::uint32_t>(file, 16) == 0x4E4F534A, "JSON chunk");
    std::size_t const binary_at = 20 + json_bytes + 8;
    std::size_t const binary_bytes = read_at<std::uint32_t>(file, 20 + json_bytes);
    expect(binary_bytes % 4 == 0 && read_at<std::uint32_t>(file, 24 + json_bytes) == 0x004E4942, "BIN chunk");
    expect(binary_at + binary_bytes == file.size(), "end of the BIN chunk");

    glb out;
    out.json.assign(reinterpret_cast<char const*>(file.data()) + 20, json_bytes);
    expect(json_number(out.json, "byteLength", 0) == binary_bytes, "length of the buffer");
    std::size_t const vertices = json_number(out.json, "count", 0);
    std::size_t const index_at = binary_at + json_number(out.json, "byteOffset", 0);
    expect(json_number(out.json, "byteLength", 1) == vertices * 24, "length of the vertices");
    for (std::size_t i = 0; i < vertices; ++i) {
        out.positions.push_back(read_at<point>(file, binary_at + 24 * i));
        out.normals.push_back(read_at<point>(file, binary_at + 24 * i + 12));
    }
    for (std::size_t i = 0; i < json_number(out.json, "count", 2) / 3; ++i) {
        out.triangles.push_back(read_at<std::array<std::uint32_t, 3>>(file, index_at + 12 * i));
    }
    return out;
}

} // namespace studio_test
