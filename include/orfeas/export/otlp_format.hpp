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

namespace detail {

/// The bytes of an id in the order in which they travel.
template<std::size_t N>
struct id_bytes {
    explicit id_bytes(std::array<std::uint64_t, N> words) noexcept {
        static_assert(std::endian::native == std::endian::little);
        for (auto& each : words) {
            each = __builtin_bswap64(each);
        }
        std::memcpy(text.data(), words.data(), text.size());
    }
    std::string_view view() const noexcept { return {text.data(), text.size()}; }

    std::array<char, N * sizeof(std::uint64_t)> text;
};

} // namespace detail

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
        out_.bytes(field.number, detail::id_bytes<2>{{value.high, value.low}}.view());
    }
    void id(otlp_field field, span_id value) { out_.bytes(field.number, detail::id_bytes<1>{{value.value}}.view()); }

    /// Fields that are written in one go.
    class run {
      public:
        explicit run(protobuf_writer::run out) noexcept : out_{out} {}
        void uint32(otlp_field field, std::uint32_t value) noexcept { out_.uint64(field.number, value); }
        void fixed64(otlp_field field, std::uint64_t value) noexcept { out_.fixed64(field.number, value); }
        void fixed32(otlp_field field, std::uint32_t value) noexcept { out_.fixed32(field.number, value); }
        void id(otlp_field field, trace_id value) noexcept {
            out_.bytes(field.number, detail::id_bytes<2>{{value.high, value.low}}.view());
        }
        void id(otlp_field field, span_id value) noexcept {
            out_.bytes(field.number, detail::id_bytes<1>{{value.value}}.view());
        }

      private:
        friend class protobuf_format;
        protobuf_writer::run out_;
    };

    /// Begins fields of at most `most` bytes all together, which are written to the result and end with `commit`.
    run claim(std::size_t most) { return run{out_.claim(most)}; }
    void commit(run const& written) noexcept { out_.commit(written.out_); }

    /// A KeyValue whose value is one of the four scalars: most of what is written are these.
    void pair(otlp_field list, std::string_view key, std::int64_t value) {
        scalar_pair(list, key, 1 + protobuf_writer::varint_size(static_cast<std::uint64_t>(value)),
                    [value](protobuf_writer::run& out) { out.int64(3, value); });
    }
    void pair(otlp_field list, std::string_view key, bool value) {
        scalar_pair(list, key, 2, [value](protobuf_writer::run& out) { out.boolean(2, value); });
    }
    void pair(otlp_field list, std::string_view key, double value) {
        scalar_pair(list, key, 9, [value](protobuf_writer::run& out) { out.number(4, value); });
    }
    void pair(otlp_field list, std::string_view key, std::string_view value) {
        std::size_t const size = 1 + protobuf_writer::varint_size(value.size()) + value.size();
        if (protobuf_writer::is_ascii(value)) {
            scalar_pair(list, key, size, [value](protobuf_writer::run& out) { out.bytes(1, value); });
        } else {
            general_pair(list, key, size, [value](protobuf_writer& out) { out.text(1, value); });
        }
    }

    void numbers(otlp_field field, std::span<std::uint64_t const> values) {
        auto const packed = out_.begin(field.number, 2 * values.size());
        for (auto const each : values) {
            out_.packed_uint64(each);
        }
        out_.end(packed);
    }

  private:
    template<class Inner>
    [[gnu::always_inline]] void scalar_pair(otlp_field list, std::string_view key, std::size_t inner_size,
                                            Inner inner) {
        if (!protobuf_writer::is_ascii(key)) [[unlikely]] {
            return general_pair(list, key, inner_size, [&](protobuf_writer& out) {
                auto part = out.claim(inner_size + protobuf_writer::longest_frame);
                inner(part);
                out.commit(part);
            });
        }
        using writer = protobuf_writer;
        std::size_t const size =
            2 + writer::varint_size(key.size()) + key.size() + writer::varint_size(inner_size) + inner_size;
        auto part = out_.claim(writer::longest_frame + size);
        part.message(list.number, size);
        part.bytes(1, key);
        part.message(2, inner_size);
        inner(part);
        out_.commit(part);
    }

    template<class Inner>
    [[gnu::noinline]] void general_pair(otlp_field list, std::string_view key, std::size_t inner_size, Inner inner) {
        auto const whole = out_.begin(list.number, key.size() + inner_size);
        out_.text(1, key);
        auto const any = out_.begin(2, inner_size);
        inner(out_);
        out_.end(any);
        out_.end(whole);
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

    json_format& claim(std::size_t) noexcept { return *this; }
    void commit(json_format const&) const noexcept {}

    void pair(otlp_field, std::string_view key, std::int64_t value) {
        open_pair(key);
        quoted({3, "intValue"}, value);
        close_pair();
    }
    void pair(otlp_field, std::string_view key, bool value) {
        open_pair(key);
        boolean({2, "boolValue"}, value);
        close_pair();
    }
    void pair(otlp_field, std::string_view key, double value) {
        open_pair(key);
        real({4, "doubleValue"}, value);
        close_pair();
    }
    void pair(otlp_field, std::string_view key, std::string_view value) {
        open_pair(key);
        text({1, "stringValue"}, value);
        close_pair();
    }

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

    void open_pair(std::string_view key) {
        out_.begin_object();
        out_.member("key", key);
        out_.key("value").begin_object();
    }
    void close_pair() { out_.end_object().end_object(); }

    template<std::integral Number>
    void quoted(otlp_field field, Number value) {
        out_.member(field.name, digits{value}.view());
    }

    json_writer out_;
};

} // namespace orfeas::inline v0::exporting
