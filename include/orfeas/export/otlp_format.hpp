// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/core/json.hpp>
#include <orfeas/core/protobuf_writer.hpp>
#include <orfeas/core/trace_id.hpp>

#include <array>
#include <bit>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

/// OTLP has two encodings of one schema. What walks over telemetry writes it through one of two classes with the same
/// members, so that the encodings cannot come to say different things.

namespace orfeas::inline v0::exporting {

/// A field of the schema: its number in protobuf and its name in JSON.
struct otlp_field {
    std::uint32_t number;
    std::string_view name;
};

/// Writes OTLP as protobuf. `begin` and `end` frame a message, `begin_list` and `end_list` the elements of a repeated
/// one, `likely_size` is a guess that spares moving a long one. Defaults are left out by the caller.
/// Thread-compatible (distinct objects).
class protobuf_format {
  public:
    using message = protobuf_writer::message;

    explicit protobuf_format(std::string& out) noexcept : out_{out} {}

    void begin_document() const noexcept {}
    void end_document() const noexcept {}

    message begin(otlp_field field, std::size_t likely_size = 0) { return out_.begin(field.number, likely_size); }
    void end(message const& ended) { out_.end(ended); }
    void begin_list(otlp_field) const noexcept {}
    void end_list() const noexcept {}
    message begin_element(otlp_field field, std::size_t likely_size = 0) { return begin(field, likely_size); }

    void text(otlp_field field, std::string_view value) { out_.text(field.number, value); }
    void boolean(otlp_field field, bool value) { out_.boolean(field.number, value); }
    void uint32(otlp_field field, std::uint32_t value) { out_.uint64(field.number, value); }
    void int64(otlp_field field, std::int64_t value) { out_.int64(field.number, value); }
    void sint32(otlp_field field, std::int32_t value) { out_.sint64(field.number, value); }
    void fixed32(otlp_field field, std::uint32_t value) { out_.fixed32(field.number, value); }
    void fixed64(otlp_field field, std::uint64_t value) { out_.fixed64(field.number, value); }
    void sfixed64(otlp_field field, std::int64_t value) {
        out_.fixed64(field.number, static_cast<std::uint64_t>(value));
    }
    void real(otlp_field field, double value) { out_.number(field.number, value); }

    void id(otlp_field field, trace_id value) {
        std::array<std::uint64_t, 2> const words{big_endian(value.high), big_endian(value.low)};
        bytes(field, words);
    }
    void id(otlp_field field, span_id value) {
        std::array<std::uint64_t, 1> const words{big_endian(value.value)};
        bytes(field, words);
    }

    void numbers(otlp_field field, std::span<std::uint64_t const> values) {
        auto const packed = out_.begin(field.number, 2 * values.size());
        for (auto const each : values) {
            out_.packed_uint64(each);
        }
        out_.end(packed);
    }

  private:
    static constexpr std::uint64_t big_endian(std::uint64_t word) noexcept {
        static_assert(std::endian::native == std::endian::little);
        return __builtin_bswap64(word);
    }

    template<std::size_t N>
    void bytes(otlp_field field, std::array<std::uint64_t, N> const& words) {
        std::array<char, N * sizeof(std::uint64_t)> text;
        std::memcpy(text.data(), words.data(), text.size());
        out_.bytes(field.number, {text.data(), text.size()});
    }

    protobuf_writer out_;
};

/// Writes OTLP as JSON, with the deviations from protobuf's own JSON that OTLP has: ids are hexadecimal. 64-bit integers
/// are strings, enumerations are numbers.
/// Thread-compatible (distinct objects).
class json_format {
  public:
    struct message {};

    explicit json_format(std::string& out) noexcept : out_{out} {}

    void begin_document() { out_.begin_object(); }
    void end_document() { out_.end_object(); }

    message begin(otlp_field field, std::size_t = 0) {
        out_.key(field.name).begin_object();
        return {};
    }
    void end(message) { out_.end_object(); }
    void begin_list(otlp_field field) { out_.key(field.name).begin_array(); }
    void end_list() { out_.end_array(); }
    message begin_element(otlp_field, std::size_t = 0) {
        out_.begin_object();
        return {};
    }

    void text(otlp_field field, std::string_view value) { out_.member(field.name, value); }
    void boolean(otlp_field field, bool value) { out_.member(field.name, value); }
    void uint32(otlp_field field, std::uint32_t value) { out_.member(field.name, value); }
    void int64(otlp_field field, std::int64_t value) { quoted(field, value); }
    void sint32(otlp_field field, std::int32_t value) { out_.member(field.name, value); }
    void fixed32(otlp_field field, std::uint32_t value) { out_.member(field.name, value); }
    void fixed64(otlp_field field, std::uint64_t value) { quoted(field, value); }
    void sfixed64(otlp_field field, std::int64_t value) { quoted(field, value); }

    void real(otlp_field field, double value) {
        if (is_finite(value)) {
            out_.member(field.name, value);
        } else {
            text(field, value != value ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
        }
    }

    void id(otlp_field field, trace_id value) { text(field, to_string(value)); }
    void id(otlp_field field, span_id value) { text(field, to_string(value)); }

    void numbers(otlp_field field, std::span<std::uint64_t const> values) {
        out_.key(field.name).begin_array();
        for (auto const each : values) {
            out_.value(digits{each}.view());
        }
        out_.end_array();
    }

  private:
    class digits {
      public:
        template<std::integral Number>
        explicit digits(Number value) noexcept {
            auto const end = std::to_chars(text_.data(), text_.data() + text_.size(), value).ptr;
            size_ = static_cast<std::size_t>(end - text_.data());
        }
        std::string_view view() const noexcept { return {text_.data(), size_}; }

      private:
        std::array<char, 24> text_;
        std::size_t size_;
    };

    template<std::integral Number>
    void quoted(otlp_field field, Number value) {
        out_.member(field.name, digits{value}.view());
    }

    json_writer out_;
};

} // namespace orfeas::inline v0::exporting
