// SPDX-License-Identifier: MIT
#pragma once

#include "pipeline/image.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace studio::detail {

/// A strict reader of the portable grey map, plain (P2) and binary (P5), after netpbm's pgm(5): one picture a file,
/// comments only in the header, no sample above the announced maximum.
/// Thread-compatible (distinct objects).
class pgm_reader {
  public:
    explicit pgm_reader(std::span<std::byte const> bytes)
        : text_{reinterpret_cast<char const*>(bytes.data()), bytes.size()}, plain_{text_.starts_with("P2")} {
        text_.remove_prefix(2);
    }

    picture_size read_header() {
        size_.width = number("width");
        size_.height = number("height");
        maximum_ = number("maximum");
        if (maximum_ < 1 || maximum_ > 65'535) {
            throw bad_picture{picture_error::corrupt, "a PGM with a maximum of " + std::to_string(maximum_),
                              "a maximum between 1 and 65535"};
        }
        if (text_.empty()) {
            truncated();
        }
        if (!is_space(text_.front())) {
            corrupt("no white space after its maximum");
        }
        if (!plain_) {
            text_.remove_prefix(1); // what follows is binary
        }
        return size_;
    }

    /// Compares what is left of the file with what the header announces, so that a lie costs no memory.
    void check_length() const {
        std::uint64_t const least = plain_ ? 2 * size_.pixels() : size_.pixels() * sample_bytes();
        if (text_.size() < least) {
            truncated();
        }
        if (!plain_ && text_.size() > least) {
            corrupt("bytes after its last row");
        }
    }

    /// Reads `count` samples, scaled to 0..255.
    void read_samples(std::uint8_t* out, std::uint32_t count) {
        for (std::uint32_t i = 0; i < count; ++i) {
            std::uint32_t const sample = plain_ ? number("sample") : binary_sample();
            if (sample > maximum_) {
                corrupt("a sample above its maximum");
            }
            out[i] = static_cast<std::uint8_t>((sample * 255 + maximum_ / 2) / maximum_);
        }
    }

    /// Only white space may follow the last row.
    void check_end() const {
        for (char const c : text_) {
            if (!is_space(c)) {
                corrupt("text after its last row");
            }
        }
    }

  private:
    [[noreturn]] static void truncated() {
        throw bad_picture{picture_error::truncated, "a PGM that ends early", "a complete file"};
    }
    [[noreturn]] static void corrupt(std::string_view what) {
        throw bad_picture{picture_error::corrupt, std::string{"a PGM with "}.append(what), "an undamaged file"};
    }

    static bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }
    static bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

    std::uint32_t sample_bytes() const noexcept { return maximum_ > 255 ? 2 : 1; }

    std::uint32_t binary_sample() noexcept {
        std::uint32_t value = 0;
        for (std::uint32_t i = 0; i < sample_bytes(); ++i) {
            value = value << 8 | static_cast<unsigned char>(text_[i]);
        }
        text_.remove_prefix(sample_bytes());
        return value;
    }

    /// The next number, which white space or, in the header, a comment sets apart from what stands before it.
    std::uint32_t number(std::string_view what) {
        if (!skip_separator()) {
            corrupt(std::string{"no white space before its "}.append(what));
        }
        std::uint32_t value = 0;
        std::size_t digits = 0;
        for (; digits < text_.size() && is_digit(text_[digits]); ++digits) {
            value = value * 10 + static_cast<std::uint32_t>(text_[digits] - '0');
            if (value > max_number) {
                corrupt(std::string{what}.append(" that is too large"));
            }
        }
        if (digits == 0) {
            corrupt(std::string{what}.append(" that is no number"));
        }
        text_.remove_prefix(digits);
        return value;
    }

    /// Skips white space and comments; throws when the file ends there. False when there is nothing to skip.
    bool skip_separator() {
        auto const before = text_.size();
        bool const header = maximum_ == 0;
        while (!text_.empty() && (is_space(text_.front()) || (header && text_.front() == '#'))) {
            bool const comment = text_.front() == '#';
            text_.remove_prefix(comment ? std::min(text_.find('\n'), text_.size()) : 1);
        }
        if (text_.empty()) {
            truncated();
        }
        return text_.size() < before;
    }

    static constexpr std::uint32_t max_number = 16'000'000; // times 255 fits 32 bits

    std::string_view text_;
    bool plain_;
    std::uint32_t maximum_ = 0;
    picture_size size_;
};

/// Decodes a plain or binary PGM of 1 to 16 bits. Throws bad_picture, or what `resource` throws.
template<memory_resource R>
image<R> decode_pgm(R& resource, std::span<std::byte const> bytes, picture_limits const& limits) {
    pgm_reader reader{bytes};
    auto const size = reader.read_header();
    check_size(size, limits);
    reader.check_length();
    image<R> out{resource, size};
    for (std::uint32_t y = 0; y < size.height; ++y) {
        reader.read_samples(out.row(y), size.width);
    }
    reader.check_end();
    return out;
}

} // namespace studio::detail
