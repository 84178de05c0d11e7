// SPDX-License-Identifier: MIT
#pragma once

// clang-format off: jpeglib.h uses FILE and size_t without including them
#include <cstddef>
#include <cstdio>
#include <jpeglib.h>

#include <jerror.h>
// clang-format on

#include "pipeline/image.hpp"
#include "pipeline/luminance.hpp"

#include <csetjmp>
#include <cstdint>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace studio::detail {

/// libjpeg's reader over a file in memory, silent on stderr. libjpeg reports errors by longjmp: `attempt` is the only
/// function that it may jump into, and the bodies that run under it own nothing.
/// Thread-compatible (distinct objects).
class jpeg_reader {
  public:
    explicit jpeg_reader(std::span<std::byte const> bytes) : bytes_{bytes} {
        codec_.err = jpeg_std_error(&errors_);
        errors_.error_exit = on_error;
        errors_.emit_message = on_message;
        errors_.output_message = [](j_common_ptr) {};
        progress_.progress_monitor = on_progress;
        codec_.client_data = this;
        // libjpeg keeps err and client_data through creation
        attempt([&] { jpeg_create_decompress(&codec_); });
        codec_.progress = &progress_;
    }
    jpeg_reader(jpeg_reader const&) = delete;
    jpeg_reader& operator=(jpeg_reader const&) = delete;
    ~jpeg_reader() { jpeg_destroy_decompress(&codec_); }

    /// Reads up to the first pixels and chooses the samples to come: grey where libjpeg can give it, else CMYK.
    void read_header() {
        attempt([&] {
            jpeg_mem_src(&codec_, reinterpret_cast<unsigned char const*>(bytes_.data()),
                         static_cast<unsigned long>(bytes_.size()));
            jpeg_read_header(&codec_, TRUE);
        });
        switch (codec_.jpeg_color_space) {
        case JCS_GRAYSCALE:
        case JCS_YCbCr:
        case JCS_RGB:
            codec_.out_color_space = JCS_GRAYSCALE;
            break;
        case JCS_CMYK:
        case JCS_YCCK:
            codec_.out_color_space = JCS_CMYK;
            break;
        default:
            fail(picture_error::unsupported, "a JPEG of an unknown colour space");
        }
    }

    picture_size size() const noexcept { return {codec_.image_width, codec_.image_height}; }
    bool cmyk() const noexcept { return codec_.out_color_space == JCS_CMYK; }
    bool inverted() const noexcept { return codec_.saw_Adobe_marker != 0; }

    /// Reads all rows and the end of the file. `row_at(y)` says where the samples of row y go; `done(y)` is called once
    /// they are there.
    template<class RowAt, class Done>
    void read_rows(RowAt const& row_at, Done const& done) {
        attempt([&] {
            jpeg_start_decompress(&codec_);
            while (codec_.output_scanline < codec_.output_height) {
                std::uint32_t const y = codec_.output_scanline;
                JSAMPROW row = row_at(y);
                jpeg_read_scanlines(&codec_, &row, 1);
                done(y);
            }
            jpeg_finish_decompress(&codec_);
        });
    }

  private:
    /// A progressive file may name thousands of scans that each cost a pass over all pixels.
    static constexpr int max_scans = 64;

    template<class Body>
    void attempt(Body const& body) {
        if (returns_normally(body)) {
            return;
        }
        if (out_of_memory_) {
            throw std::bad_alloc{};
        }
        fail(failure_, reason_);
    }

    /// Not inlined: the caller's variables stay clear of setjmp's frame.
    template<class Body>
    [[gnu::noinline]] bool returns_normally(Body const& body) {
        if (setjmp(escape_) != 0) {
            return false;
        }
        body();
        return true;
    }

    [[noreturn]] static void fail(picture_error code, char const* found) {
        char const* allowed = code == picture_error::truncated ? "a complete file"
                              : code == picture_error::corrupt
                                  ? "an undamaged file"
                                  : "8-bit grey, YCbCr, RGB or CMYK, baseline or progressive of at most 64 scans";
        throw bad_picture{code, found, allowed};
    }

    [[noreturn]] void leave(picture_error code, char const* reason) {
        failure_ = code;
        reason_ = reason;
        std::longjmp(escape_, 1);
    }

    static jpeg_reader& self_of(j_common_ptr codec) noexcept { return *static_cast<jpeg_reader*>(codec->client_data); }

    [[noreturn]] static void on_error(j_common_ptr codec) {
        auto& self = self_of(codec);
        switch (codec->err->msg_code) {
        case JERR_OUT_OF_MEMORY:
            self.out_of_memory_ = true;
            self.leave(picture_error::corrupt, "");
        case JERR_INPUT_EMPTY:
        case JERR_INPUT_EOF:
            self.leave(picture_error::truncated, "a JPEG that ends early");
        case JERR_BAD_PRECISION:
        case JERR_SOF_UNSUPPORTED:
        case JERR_ARITH_NOTIMPL:
        case JERR_CCIR601_NOTIMPL:
        case JERR_FRACT_SAMPLE_NOTIMPL:
        case JERR_CONVERSION_NOTIMPL:
        case JERR_NOTIMPL:
            self.leave(picture_error::unsupported, "a JPEG of another process, precision or sampling");
        default:
            self.leave(picture_error::corrupt, "a JPEG with a broken header or broken data");
        }
    }

    /// libjpeg goes on after damaged data with a warning and fills the rest with grey; here that is an error.
    static void on_message(j_common_ptr codec, int level) {
        if (level >= 0) {
            return;
        }
        switch (codec->err->msg_code) {
        case JWRN_JPEG_EOF:
            self_of(codec).leave(picture_error::truncated, "a JPEG that ends early");
        case JWRN_HIT_MARKER:
        case JWRN_HUFF_BAD_CODE:
        case JWRN_NOT_SEQUENTIAL:
        case JWRN_BOGUS_PROGRESSION:
        case JWRN_MUST_RESYNC:
        case JWRN_ARITH_BAD_CODE:
            self_of(codec).leave(picture_error::corrupt, "a JPEG with damaged data");
        default:
            return; // harmless: a stray byte between markers, an odd version number
        }
    }

    static void on_progress(j_common_ptr codec) {
        if (reinterpret_cast<j_decompress_ptr>(codec)->input_scan_number > max_scans) {
            self_of(codec).leave(picture_error::unsupported, "a JPEG of more than 64 scans");
        }
    }

    std::span<std::byte const> bytes_;
    std::jmp_buf escape_{};
    picture_error failure_ = picture_error::corrupt;
    char const* reason_ = "";
    bool out_of_memory_ = false;
    jpeg_error_mgr errors_{};
    jpeg_progress_mgr progress_{};
    jpeg_decompress_struct codec_{};
};

/// Decodes a baseline or progressive JPEG. Throws bad_picture, std::bad_alloc, or what `resource` throws.
template<memory_resource R>
image<R> decode_jpeg(R& resource, std::span<std::byte const> bytes, picture_limits const& limits) {
    jpeg_reader reader{bytes};
    reader.read_header();
    auto const size = reader.size();
    check_size(size, limits);
    image<R> out{resource, size};
    if (!reader.cmyk()) {
        reader.read_rows([&](std::uint32_t y) { return out.row(y); }, [](std::uint32_t) {});
        return out;
    }
    auto samples = stage_buffer<std::uint8_t>(resource, "decode", std::size_t{4} * size.width);
    auto const convert = [&](std::uint32_t y) {
        luminance_row_cmyk(samples.data(), reader.inverted(), size.width, out.row(y));
    };
    reader.read_rows([&](std::uint32_t) { return samples.data(); }, convert);
    return out;
}

} // namespace studio::detail
