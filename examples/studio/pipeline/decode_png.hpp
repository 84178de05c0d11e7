// SPDX-License-Identifier: MIT
#pragma once

#include "pipeline/image.hpp"
#include "pipeline/luminance.hpp"

#include <png.h>

#include <array>
#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <string>

namespace studio::detail {

/// Width and height from the first chunk, which every PNG has at a fixed place (PNG specification, 11.2.2).
inline picture_size png_size(std::span<std::byte const> bytes) {
    constexpr std::size_t header_end = 8 + 4 + 4 + 13 + 4; // signature, length, type, IHDR, checksum
    if (bytes.size() < header_end) {
        throw bad_picture{picture_error::truncated, "a PNG that ends within its header", "a complete file"};
    }
    if (std::memcmp(bytes.data() + 12, "IHDR", 4) != 0) {
        throw bad_picture{picture_error::corrupt, "a PNG without a header chunk", "an undamaged file"};
    }
    auto const big_endian = [&](std::size_t at) {
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < 4; ++i) {
            value = value << 8 | std::to_integer<std::uint32_t>(bytes[at + i]);
        }
        return value;
    };
    return {big_endian(16), big_endian(20)};
}

/// libpng's reader over a file in memory, silent on stderr. libpng reports errors by longjmp: `attempt` is the only
/// function that it may jump into, and the bodies that run under it own nothing.
/// Thread-compatible (distinct objects).
class png_reader {
  public:
    explicit png_reader(std::span<std::byte const> bytes)
        : rest_{bytes},
          png_{png_create_read_struct(PNG_LIBPNG_VER_STRING, this, on_error, on_warning)},
          info_{png_ != nullptr ? png_create_info_struct(png_) : nullptr} {
        if (info_ == nullptr) {
            png_destroy_read_struct(&png_, nullptr, nullptr);
            throw std::bad_alloc{};
        }
    }
    png_reader(png_reader const&) = delete;
    png_reader& operator=(png_reader const&) = delete;
    ~png_reader() { png_destroy_read_struct(&png_, &info_, nullptr); }

    /// Reads up to the first pixels, asking for 8-bit samples of 1 to 4 channels.
    void read_header(picture_limits const& limits) {
        attempt([&] {
            png_set_read_fn(png_, this, on_read);
            png_set_user_limits(png_, limits.max_side, limits.max_side);
            png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, ignored_chunks.data(),
                                        static_cast<int>(ignored_chunks.size() / 5));
            png_read_info(png_, info_);
            png_set_expand(png_);
            png_set_scale_16(png_);
            passes_ = png_set_interlace_handling(png_);
            png_read_update_info(png_, info_);
            channels_ = png_get_channels(png_, info_);
        });
    }

    unsigned channels() const noexcept { return channels_; }
    bool interlaced() const noexcept { return passes_ > 1; }

    /// Reads all rows and the end of the file. `row_at(y)` says where the samples of row y go, for every pass again;
    /// `done(y)` is called once the row is complete.
    template<class RowAt, class Done>
    void read_rows(std::uint32_t height, RowAt const& row_at, Done const& done) {
        attempt([&] {
            for (int pass = 1; pass <= passes_; ++pass) {
                for (std::uint32_t y = 0; y < height; ++y) {
                    png_read_row(png_, row_at(y), nullptr);
                    if (pass == passes_) {
                        done(y);
                    }
                }
            }
            png_read_end(png_, nullptr);
        });
    }

  private:
    /// Chunks that say nothing about luminance. Skipping them spares the unpacking of compressed texts and profiles.
    static constexpr auto ignored_chunks = std::to_array<png_byte>(
        {'b', 'K', 'G', 'D', 0,   'c', 'H', 'R', 'M', 0,   'e', 'X', 'I', 'f', 0,   'g', 'A', 'M',
         'A', 0,   'h', 'I', 'S', 'T', 0,   'i', 'C', 'C', 'P', 0,   'i', 'T', 'X', 't', 0,   'o',
         'F', 'F', 's', 0,   'p', 'C', 'A', 'L', 0,   'p', 'H', 'Y', 's', 0,   's', 'B', 'I', 'T',
         0,   's', 'C', 'A', 'L', 0,   's', 'P', 'L', 'T', 0,   's', 'R', 'G', 'B', 0,   's', 'T',
         'E', 'R', 0,   't', 'E', 'X', 't', 0,   't', 'I', 'M', 'E', 0,   'z', 'T', 'X', 't', 0});
    static_assert(ignored_chunks.size() % 5 == 0);

    template<class Body>
    void attempt(Body const& body) {
        if (!returns_normally(body)) {
            fail();
        }
    }

    /// Not inlined: the caller's variables stay clear of setjmp's frame.
    template<class Body>
    [[gnu::noinline]] bool returns_normally(Body const& body) {
        if (setjmp(png_jmpbuf(png_)) != 0) {
            return false;
        }
        body();
        return true;
    }

    [[noreturn]] void fail() const {
        if (truncated_) {
            throw bad_picture{picture_error::truncated, "a PNG that ends early", "a complete file"};
        }
        throw bad_picture{picture_error::corrupt, std::string{"a PNG with "} + reason_.data(), "an undamaged file"};
    }

    static void on_read(png_structp png, png_bytep out, std::size_t count) {
        auto& self = *static_cast<png_reader*>(png_get_io_ptr(png));
        if (count > self.rest_.size()) {
            self.truncated_ = true;
            png_error(png, "the end of the file");
        }
        std::memcpy(out, self.rest_.data(), count);
        self.rest_ = self.rest_.subspan(count);
    }

    [[noreturn]] static void on_error(png_structp png, png_const_charp message) {
        auto& self = *static_cast<png_reader*>(png_get_error_ptr(png));
        std::strncpy(self.reason_.data(), message, self.reason_.size() - 1);
        png_longjmp(png, 1);
    }

    static void on_warning(png_structp, png_const_charp) noexcept {}

    std::span<std::byte const> rest_;
    bool truncated_ = false;
    std::array<char, 96> reason_{};
    int passes_ = 1;
    unsigned channels_ = 0;
    png_structp png_;
    png_infop info_;
};

/// Decodes a PNG of any colour type, depth and interlacing. Throws bad_picture, or what `resource` throws.
template<memory_resource R>
image<R> decode_png(R& resource, std::span<std::byte const> bytes, picture_limits const& limits) {
    auto const size = png_size(bytes);
    check_size(size, limits);
    png_reader reader{bytes};
    reader.read_header(limits);
    image<R> out{resource, size};
    auto const channels = reader.channels();
    if (channels == 1) {
        reader.read_rows(size.height, [&](std::uint32_t y) { return out.row(y); }, [](std::uint32_t) {});
        return out;
    }
    std::size_t const row_bytes = std::size_t{size.width} * channels;
    std::size_t const stride =
        reader.interlaced() ? row_bytes : 0; // an interlaced row is completed over several passes
    auto samples =
        stage_buffer<std::uint8_t>(resource, "decode", reader.interlaced() ? row_bytes * size.height : row_bytes);
    auto const row_at = [&](std::uint32_t y) { return samples.data() + stride * y; };
    reader.read_rows(size.height, row_at,
                     [&](std::uint32_t y) { luminance_row(row_at(y), channels, size.width, out.row(y)); });
    return out;
}

} // namespace studio::detail
