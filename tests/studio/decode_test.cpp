// SPDX-License-Identifier: MIT
#include "fixtures.hpp"
#include "picture_writers.hpp"
#include "pipeline/decode.hpp"
#include "support/catch.hpp"

#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace studio_test;
using orfeas_test::contains;
using studio::picture_error;
using samples = std::vector<std::uint8_t>;

namespace {

samples pixels_of(bytes const& file) {
    counting_resource memory;
    auto const picture = studio::decode(memory, file);
    return {picture.pixels().begin(), picture.pixels().end()};
}

/// Why a file is refused, after a check that nothing of it stays allocated; empty when it is decoded.
std::optional<studio::bad_picture> refusal_of(std::span<std::byte const> file, studio::picture_limits limits = {}) {
    counting_resource memory;
    std::optional<studio::bad_picture> refusal;
    try {
        auto const picture = studio::decode(memory, file, limits);
    } catch (studio::bad_picture const& e) {
        refusal = e;
    }
    if (memory.live != 0) {
        throw std::logic_error{"a refused picture left memory behind"};
    }
    return refusal;
}

/// Samples without a pattern that an error could hide in.
samples pattern(std::size_t count) {
    samples out;
    for (std::size_t i = 0; i < count; ++i) {
        out.push_back(static_cast<std::uint8_t>(i * 37 + i / 11 * 5));
    }
    return out;
}

/// A soft gradient, which JPEG keeps well.
samples gradient(std::uint32_t width, std::uint32_t height, unsigned channels) {
    samples out;
    for (std::uint32_t y = 0; y < height; ++y) {
        for (std::uint32_t x = 0; x < width; ++x) {
            for (unsigned c = 0; c < channels; ++c) {
                out.push_back(static_cast<std::uint8_t>(40 + 3 * x + 2 * y + 10 * c));
            }
        }
    }
    return out;
}

int largest_difference(samples const& a, samples const& b) {
    REQUIRE(a.size() == b.size());
    int largest = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        largest = std::max(largest, std::abs(int{a[i]} - int{b[i]}));
    }
    return largest;
}

samples luminance_of(samples const& rgb) {
    samples out(rgb.size() / 3);
    studio::luminance_row(rgb.data(), 3, out.size(), out.data());
    return out;
}

void put_big_endian(bytes& file, std::size_t at, std::uint32_t value, int count) {
    for (int i = 0; i < count; ++i) {
        file[at + static_cast<std::size_t>(i)] = static_cast<std::byte>(value >> (8 * (count - 1 - i)));
    }
}

bytes small_png() {
    return write_png({.width = 9, .height = 7, .colour_type = PNG_COLOR_TYPE_RGB}, pattern(9 * 7 * 3));
}
bytes small_jpeg(bool progressive = false) {
    return write_jpeg({.width = 19, .height = 17, .progressive = progressive}, pattern(19 * 17 * 3));
}
bytes small_pgm() {
    return write_pgm(5, 4, pattern(20));
}

} // namespace

TEST_CASE("studio: luminance follows BT.601") {
    CHECK(studio::luminance_of(0, 0, 0) == 0);
    CHECK(studio::luminance_of(255, 255, 255) == 255);
    CHECK(studio::luminance_of(255, 0, 0) == 77);
    CHECK(studio::luminance_of(0, 255, 0) == 149);
    CHECK(studio::luminance_of(0, 0, 255) == 29);
    CHECK(studio::over_black(200, 255) == 200);
    CHECK(studio::over_black(200, 0) == 0);
    CHECK(studio::over_black(200, 128) == 100);
}

TEST_CASE("studio: a PGM's samples arrive as written") {
    CHECK(pixels_of(small_pgm()) == pattern(20));
    CHECK(pixels_of(to_bytes("P2 2 2 255 0 10\n200 255")) == samples{0, 10, 200, 255});
    CHECK(pixels_of(to_bytes("P2\n# a comment\n2 # another\n 2\n15\n0 5\n10 15\n")) == samples{0, 85, 170, 255});
    using namespace std::string_view_literals;
    CHECK(pixels_of(to_bytes("P5 2 2 65535 \x00\x00\x80\x00\xff\xff\x12\x34"sv)) == samples{0, 128, 255, 18});
    CHECK(pixels_of(to_bytes("P5 2 2 3\n\x00\x01\x02\x03"sv)) == samples{0, 85, 170, 255});
}

TEST_CASE("studio: a PNG of every kind becomes luminance") {
    bool const interlaced = GENERATE(false, true);
    std::uint32_t const width = 13;
    std::uint32_t const height = 11;
    std::size_t const count = width * height;
    auto const grey = pattern(count);
    png_kind kind{.width = width, .height = height, .interlaced = interlaced};

    SECTION("grey, 8 bits") {
        CHECK(pixels_of(write_png(kind, grey)) == grey);
    }
    SECTION("grey, 16 bits") {
        kind.bit_depth = 16;
        samples wide;
        for (auto const each : grey) {
            wide.insert(wide.end(), {each, each});
        }
        CHECK(pixels_of(write_png(kind, wide)) == grey);
    }
    SECTION("grey, 1 bit") {
        kind.bit_depth = 1;
        samples packed;
        samples expected;
        for (std::uint32_t y = 0; y < height; ++y) {
            packed.insert(packed.end(), {0b10100000, 0b00001000});
            for (std::uint32_t x = 0; x < width; ++x) {
                expected.push_back(x == 0 || x == 2 || x == 12 ? 255 : 0);
            }
        }
        CHECK(pixels_of(write_png(kind, packed)) == expected);
    }
    SECTION("grey and alpha") {
        kind.colour_type = PNG_COLOR_TYPE_GRAY_ALPHA;
        samples expected;
        auto const both = pattern(2 * count);
        for (std::size_t i = 0; i < count; ++i) {
            expected.push_back(studio::over_black(both[2 * i], both[2 * i + 1]));
        }
        CHECK(pixels_of(write_png(kind, both)) == expected);
    }
    SECTION("RGB") {
        kind.colour_type = PNG_COLOR_TYPE_RGB;
        auto const rgb = pattern(3 * count);
        CHECK(pixels_of(write_png(kind, rgb)) == luminance_of(rgb));
    }
    SECTION("RGB and alpha, 16 bits") {
        kind.colour_type = PNG_COLOR_TYPE_RGB_ALPHA;
        kind.bit_depth = 16;
        samples wide;
        samples expected;
        auto const rgba = pattern(4 * count);
        for (std::size_t i = 0; i < count; ++i) {
            auto const* const p = rgba.data() + 4 * i;
            wide.insert(wide.end(), {p[0], p[0], p[1], p[1], p[2], p[2], p[3], p[3]});
            expected.push_back(studio::over_black(studio::luminance_of(p[0], p[1], p[2]), p[3]));
        }
        CHECK(pixels_of(write_png(kind, wide)) == expected);
    }
    SECTION("palette with a transparent colour") {
        kind.colour_type = PNG_COLOR_TYPE_PALETTE;
        kind.palette = {{255, 0, 0}, {0, 255, 0}, {255, 255, 255}};
        kind.palette_alpha = {255, 255, 0};
        samples indices;
        samples expected;
        for (std::size_t i = 0; i < count; ++i) {
            indices.push_back(static_cast<std::uint8_t>(i % 3));
            expected.push_back(std::array<std::uint8_t, 3>{77, 149, 0}[i % 3]);
        }
        CHECK(pixels_of(write_png(kind, indices)) == expected);
    }
}

TEST_CASE("studio: a JPEG of every kind becomes luminance") {
    std::uint32_t const width = 33;
    std::uint32_t const height = 21;
    auto const rgb = gradient(width, height, 3);
    auto const expected = luminance_of(rgb);
    int const tolerance = 6; // lossy

    CHECK(largest_difference(pixels_of(write_jpeg({.width = width, .height = height}, rgb)), expected) <= tolerance);
    CHECK(largest_difference(pixels_of(write_jpeg({.width = width, .height = height, .progressive = true}, rgb)),
                             expected) <= tolerance);
    CHECK(largest_difference(pixels_of(write_jpeg({.width = width, .height = height, .written = JCS_RGB}, rgb)),
                             expected) <= tolerance);
    jpeg_kind const grey{
        .width = width, .height = height, .components = 1, .given = JCS_GRAYSCALE, .written = JCS_GRAYSCALE};
    CHECK(largest_difference(pixels_of(write_jpeg(grey, expected)), expected) <= tolerance);

    auto const written = GENERATE(JCS_CMYK, JCS_YCCK);
    samples inverted; // libjpeg's writer adds Adobe's marker, which says that 255 is no ink
    for (std::size_t i = 0; i < expected.size(); ++i) {
        inverted.insert(inverted.end(), {rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2], 255});
    }
    jpeg_kind const cmyk{.width = width, .height = height, .components = 4, .given = JCS_CMYK, .written = written};
    CHECK(largest_difference(pixels_of(write_jpeg(cmyk, inverted)), expected) <= tolerance + 4);
}

TEST_CASE("studio: the example's pictures are decoded") {
    counting_resource memory;
    {
        auto const camera = studio::decode(memory, read_file(example_pictures / "camera.png"));
        auto const rocket = studio::decode(memory, read_file(example_pictures / "rocket.jpg"));
        CHECK(camera.size() == studio::picture_size{512, 512});
        CHECK(rocket.size() == studio::picture_size{640, 427});
        CHECK(memory.live == 512 * 512 + 640 * 427);
    }
    CHECK(memory.live == 0);
}

TEST_CASE("studio: what is no picture is refused with its reason") {
    struct wrong {
        bytes file;
        picture_error code;
        char const* allowed;
    };
    auto corrupt_png = small_png();
    corrupt_png[corrupt_png.size() - 20] ^= std::byte{0x40};
    auto text_after_pgm = small_pgm();
    text_after_pgm.push_back(std::byte{'x'});
    auto const refused = std::vector<wrong>{
        {{}, picture_error::empty, "1 byte to 16 MiB"},
        {to_bytes("GIF89a and more"), picture_error::not_a_picture, "PNG, JPEG or PGM"},
        {to_bytes("<html>"), picture_error::not_a_picture, "PNG, JPEG or PGM"},
        {to_bytes("\x89PNG\r\n\x1a\n"), picture_error::truncated, "complete"},
        {to_bytes("\x89PNG\r\n\x1a\n0123456789012345678901234567890"), picture_error::corrupt, "undamaged"},
        {corrupt_png, picture_error::corrupt, "undamaged"},
        {to_bytes("\xff\xd8\xff"), picture_error::truncated, "complete"},
        {to_bytes("\xff\xd8\xff\xd8\xff\xd8"), picture_error::corrupt, "undamaged"},
        {to_bytes("P5"), picture_error::truncated, "complete"},
        {to_bytes("P5 4"), picture_error::truncated, "complete"},
        {to_bytes("P5x4 4 255\n"), picture_error::corrupt, "undamaged"},
        {to_bytes("P5 4 -4 255\n"), picture_error::corrupt, "undamaged"},
        {to_bytes("P5 2 2 0\n...."), picture_error::corrupt, "between 1 and 65535"},
        {to_bytes("P5 2 2 70000\n...."), picture_error::corrupt, "between 1 and 65535"},
        {to_bytes("P5 2 2 255\n..."), picture_error::truncated, "complete"},
        {to_bytes("P5 2 2 30\n...."), picture_error::corrupt, "undamaged"},
        {to_bytes("P2 2 2 255 1 2 3"), picture_error::truncated, "complete"},
        {to_bytes("P2 2 2 255 1 2 3 256"), picture_error::corrupt, "undamaged"},
        {to_bytes("P2 2 2 255 1 2 3 4 5"), picture_error::corrupt, "undamaged"},
        {to_bytes("P2 2 2 255 1 2 # 3\n 4 5 6"), picture_error::corrupt, "undamaged"},
        {to_bytes("P2 99999999999 2 255 1"), picture_error::corrupt, "undamaged"},
        {text_after_pgm, picture_error::corrupt, "undamaged"},
    };
    for (std::size_t i = 0; i < refused.size(); ++i) {
        CAPTURE(i);
        auto const refusal = refusal_of(refused[i].file);
        REQUIRE(refusal);
        CHECK(refusal->code() == refused[i].code);
        CHECK_THAT(refusal->allowed(), contains(refused[i].allowed));
        CHECK_THAT(std::string{refusal->what()}, contains(std::string{describe(refused[i].code)}));
        CHECK_THAT(std::string{refusal->what()}, contains(refusal->found()));
    }
}

TEST_CASE("studio: limits hold before memory for pixels is taken") {
    auto const tall = [](bytes file, std::size_t height_at, std::uint32_t height, int count) {
        put_big_endian(file, height_at, height, count);
        return file;
    };
    auto const jpeg = small_jpeg();
    std::array const start_of_frame{std::byte{0xff}, std::byte{0xc0}};
    auto const frame = std::search(jpeg.begin(), jpeg.end(), start_of_frame.begin(), start_of_frame.end());
    REQUIRE(frame != jpeg.end());
    auto const jpeg_height_at = static_cast<std::size_t>(frame - jpeg.begin()) + 5;
    studio::picture_limits pixels;
    pixels.max_pixels = 100;
    studio::picture_limits file_size;
    file_size.max_bytes = 1024;

    struct wrong {
        bytes file;
        studio::picture_limits limits;
        picture_error code;
        char const* allowed;
    };
    auto const refused = std::vector<wrong>{
        {bytes(1025), file_size, picture_error::too_many_bytes, "up to 1024 bytes"},
        {tall(small_png(), 20, 0, 4), {}, picture_error::side_out_of_range, "between 2 and 32768"},
        {tall(small_png(), 20, 1, 4), {}, picture_error::side_out_of_range, "between 2 and 32768"},
        {tall(small_png(), 20, 0xffffffff, 4), {}, picture_error::side_out_of_range, "between 2 and 32768"},
        {tall(small_png(), 20, 300, 4), {}, picture_error::too_elongated, "32 times"},
        {tall(jpeg, jpeg_height_at, 0xff00, 2), {}, picture_error::side_out_of_range, "between 2 and 32768"},
        {tall(jpeg, jpeg_height_at, 1900, 2), {}, picture_error::too_elongated, "32 times"},
        {jpeg, pixels, picture_error::too_many_pixels, "up to 100 pixels"},
        {write_pgm(20, 20, pattern(400)), pixels, picture_error::too_many_pixels, "up to 100 pixels"},
        {to_bytes("P5 30000 30000 255\n"), {}, picture_error::too_many_pixels, "up to 64000000 pixels"},
        {to_bytes("P5 8000 8000 255\n"), {}, picture_error::truncated, "complete"},
        {to_bytes("P2 4000000 1 255\n"), {}, picture_error::side_out_of_range, "between 2 and 32768"},
    };
    for (std::size_t i = 0; i < refused.size(); ++i) {
        CAPTURE(i);
        counting_resource memory;
        try {
            static_cast<void>(studio::decode(memory, refused[i].file, refused[i].limits));
            FAIL("decoded");
        } catch (studio::bad_picture const& e) {
            CHECK(e.code() == refused[i].code);
            CHECK_THAT(e.allowed(), contains(refused[i].allowed));
        }
        CHECK(memory.allocations == 0);
    }
    CHECK_FALSE(refusal_of(write_pgm(10, 10, pattern(100)), pixels));
}

TEST_CASE("studio: a picture cut off anywhere is refused") {
    for (auto const& file : {small_png(), small_jpeg(), small_jpeg(true), small_pgm()}) {
        REQUIRE_FALSE(refusal_of(file));
        std::size_t decoded = 0;
        std::size_t not_truncated = 0;
        for (std::size_t size = 0; size < file.size(); ++size) {
            // a copy of the exact size, so that a sanitizer sees every byte read beyond
            bytes const cut{file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size)};
            auto const refusal = refusal_of(cut);
            decoded += refusal ? 0U : 1U;
            not_truncated += size >= 16 && refusal && refusal->code() != picture_error::truncated ? 1U : 0U;
        }
        CHECK(decoded == 0);
        CHECK(not_truncated == 0);
    }
}

TEST_CASE("studio: a damaged picture is decoded or refused, and leaves nothing behind") {
    auto const seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random{seed};
    studio::picture_limits limits;
    limits.max_pixels = 10'000;
    auto const interlaced =
        write_png({.width = 9, .height = 7, .colour_type = PNG_COLOR_TYPE_RGB, .interlaced = true}, pattern(9 * 7 * 3));
    std::size_t refused = 0;
    for (auto const& file : {small_png(), interlaced, small_jpeg(), small_jpeg(true), small_pgm()}) {
        for (int round = 0; round < 400; ++round) {
            auto damaged = file;
            for (auto hits = 1 + random() % 4; hits > 0; --hits) {
                damaged[random() % damaged.size()] = static_cast<std::byte>(random());
            }
            refused += refusal_of(damaged, limits) ? 1U : 0U;
        }
    }
    CHECK(refused > 500);
}

TEST_CASE("studio: a JPEG of too many scans is refused") {
    std::vector<jpeg_scan_info> scans;
    auto const scan = [&](int first, int last, int high, int low) {
        scans.push_back({1, {0, 0, 0, 0}, first, last, high, low});
    };
    scan(0, 0, 0, 1);
    scan(0, 0, 1, 0);
    for (int coefficient = 1; coefficient < 64; ++coefficient) {
        scan(coefficient, coefficient, 0, 0);
    }
    jpeg_kind kind{.width = 16, .height = 16, .components = 1, .given = JCS_GRAYSCALE, .written = JCS_GRAYSCALE};
    kind.scans = scans;
    auto const refusal = refusal_of(write_jpeg(kind, pattern(256)));
    REQUIRE(refusal);
    CHECK(refusal->code() == picture_error::unsupported);
    CHECK_THAT(refusal->allowed(), contains("at most 64 scans"));
}

TEST_CASE("studio: a picture's size is read from its header") {
    for (auto const& file : {small_png(), small_jpeg(), small_jpeg(true), small_pgm()}) {
        orfeas::memory::heap_resource memory;
        CHECK(studio::read_size(file) == studio::decode(memory, file).size());
        CHECK_THROWS_AS(studio::read_size(file, {.max_pixels = 4}), studio::bad_picture);
        CHECK_THROWS_AS(studio::read_size(std::span{file}.first(8)), studio::bad_picture);
    }
    CHECK_THROWS_AS(studio::read_size({}), studio::bad_picture);
}

TEST_CASE("studio: memory that the resource refuses is an error without a leak") {
    auto const interlaced = write_png(
        {.width = 90, .height = 70, .colour_type = PNG_COLOR_TYPE_RGB, .interlaced = true}, pattern(90 * 70 * 3));
    for (auto const& [file, largest] : {std::pair{interlaced, std::size_t{100}},
                                        {interlaced, std::size_t{7000}},
                                        {small_jpeg(), std::size_t{100}},
                                        {small_pgm(), std::size_t{10}}}) {
        counting_resource memory{largest};
        CHECK_THROWS_AS(studio::decode(memory, file), orfeas::memory::out_of_memory);
        CHECK(memory.live == 0);
    }
}

TEST_CASE("studio: the codecs print nothing") {
    auto* const capture = ::tmpfile();
    REQUIRE(capture != nullptr);
    int const kept = ::dup(2);
    ::dup2(::fileno(capture), 2);
    for (auto const& file : {small_png(), small_jpeg(), small_jpeg(true)}) {
        for (std::size_t at = 20; at < file.size(); at += 3) {
            auto damaged = file;
            damaged[at] ^= std::byte{0x55};
            static_cast<void>(refusal_of(damaged));
        }
    }
    ::dup2(kept, 2);
    ::close(kept);
    auto const written = ::lseek(::fileno(capture), 0, SEEK_END);
    ::fclose(capture);
    CHECK(written == 0);
}
