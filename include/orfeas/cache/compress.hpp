// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/codec.hpp>
#include <orfeas/core/options.hpp>

#include <zstd.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::cache {

/// What is compressed, and how much a compressed value may become.
struct compress_options {
    std::uint64_t threshold_bytes = 1'024;    ///< smaller values are stored as they are
    int level = 1;                            ///< of Zstandard; 1 is fast, 19 is small
    std::uint64_t most_bytes = 256ULL << 20U; ///< a value that would inflate to more is refused

    static void fields(auto& self, auto&& field) {
        field("threshold_bytes", self.threshold_bytes, any_value{}, "smaller values are stored as they are");
        field("level", self.level, in_range(1, 19), "Zstandard level: 1 is fast, 19 is small");
        field("most_bytes", self.most_bytes, at_least(1), "a value that would inflate to more is refused");
    }
};

/// Replaces what stands in `buffer` from `begin` on by its Zstandard frame, if that saves at least an eighth; says whether.
/// Throws std::bad_alloc. Thread-safe (distinct buffers).
inline bool zstd_pack(std::string& buffer, std::size_t begin, compress_options const& options) {
    std::size_t const size = buffer.size() - begin;
    if (size < options.threshold_bytes || size == 0) {
        return false;
    }
    std::string packed(ZSTD_compressBound(size), '\0');
    std::size_t const n = ZSTD_compress(packed.data(), packed.size(), buffer.data() + begin, size, options.level);
    if (ZSTD_isError(n) != 0 || n > size - size / 8) {
        return false; // an error is want of memory: the value travels as it is
    }
    buffer.replace(begin, size, packed, 0, n);
    return true;
}

/// What a Zstandard frame holds. Empty when it is damaged, holds more than `most_bytes`, does not say how much it holds, or is
/// not all of `bytes`. Nothing is inflated, and no more memory is taken, before the announced size was checked.
inline std::optional<std::string> zstd_unpack(std::string_view bytes, std::uint64_t most_bytes) {
    unsigned long long const size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > most_bytes ||
        ZSTD_findFrameCompressedSize(bytes.data(), bytes.size()) != bytes.size()) {
        return std::nullopt;
    }
    std::string plain(static_cast<std::size_t>(size), '\0');
    std::size_t const n = ZSTD_decompress(plain.data(), plain.size(), bytes.data(), bytes.size());
    return n == plain.size() ? std::optional{std::move(plain)} : std::nullopt;
}

/// Another codec with its bytes compressed, when they are many and compressing pays. One byte before them says whether.
/// The value owns its bytes: a view would outlive what was inflated. Thread-safe, as far as the inner codec is.
template<class T, codec<T> Inner = default_codec<T>>
    requires(!detail::is_view<T>)
class compressed_codec {
  public:
    /// Throws option_error for an option out of range.
    explicit compressed_codec(compress_options options = {}, Inner inner = {})
        : options_{options}, inner_{std::move(inner)} {
        validate(options_);
    }

    void encode(T const& value, std::string& out) const {
        std::size_t const mark = out.size();
        out.push_back(stored);
        inner_.encode(value, out);
        if (zstd_pack(out, mark + 1, options_)) {
            out[mark] = packed;
        }
    }

    std::optional<T> decode(std::string_view bytes) const {
        if (bytes.starts_with(stored)) {
            return inner_.decode(bytes.substr(1));
        }
        if (!bytes.starts_with(packed)) {
            return std::nullopt;
        }
        auto const plain = zstd_unpack(bytes.substr(1), options_.most_bytes);
        return plain ? inner_.decode(*plain) : std::nullopt;
    }

  private:
    static constexpr char stored = '\0';
    static constexpr char packed = '\1';

    compress_options options_;
    Inner inner_;
};
static_assert(codec<compressed_codec<std::string>, std::string>);

} // namespace orfeas::inline v0::cache
