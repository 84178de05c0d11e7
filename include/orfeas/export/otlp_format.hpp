// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/core/json.hpp>
#include <orfeas/core/protobuf_writer.hpp>
#include <orfeas/core/trace_id.hpp>
#include <orfeas/trace/attribute.hpp>

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

    [[gnu::always_inline]] message begin(otlp_field const& field, std::size_t likely_size = 0) {
        return out_.begin(field.number, likely_size);
    }
    [[gnu::always_inline]] void end(message const& ended) { out_.end(ended); }
    void begin_list(otlp_field const&) const noexcept {}
    void end_list() const noexcept {}
    message begin_element(otlp_field const& field, std::size_t likely_size = 0) { return begin(field, likely_size); }

    void text(otlp_field const& field, std::string_view value) { out_.text(field.number, value); }
    void boolean(otlp_field const& field, bool value) { out_.boolean(field.number, value); }
    void uint32(otlp_field const& field, std::uint32_t value) { out_.uint64(field.number, value); }
    void int64(otlp_field const& field, std::int64_t value) { out_.int64(field.number, value); }
    void sint32(otlp_field const& field, std::int32_t value) { out_.sint64(field.number, value); }
    void fixed32(otlp_field const& field, std::uint32_t value) { out_.fixed32(field.number, value); }
    void fixed64(otlp_field const& field, std::uint64_t value) { out_.fixed64(field.number, value); }
    void sfixed64(otlp_field const& field, std::int64_t value) {
        out_.fixed64(field.number, static_cast<std::uint64_t>(value));
    }
    void real(otlp_field const& field, double value) { out_.number(field.number, value); }

    void id(otlp_field const& field, trace_id value) { in_one_go(field, value); }
    void id(otlp_field const& field, span_id value) { in_one_go(field, value); }

    /// Fields that are written in one go.
    class run {
      public:
        explicit run(protobuf_writer::run out) noexcept : out_{out} {}
        void uint32(otlp_field const& field, std::uint32_t value) noexcept { out_.uint64(field.number, value); }
        void fixed64(otlp_field const& field, std::uint64_t value) noexcept { out_.fixed64(field.number, value); }
        void fixed32(otlp_field const& field, std::uint32_t value) noexcept { out_.fixed32(field.number, value); }
        void id(otlp_field const& field, trace_id value) noexcept {
            out_.message(field.number, 2 * sizeof value.high);
            out_.big_endian(value.high);
            out_.big_endian(value.low);
        }
        void id(otlp_field const& field, span_id value) noexcept {
            out_.message(field.number, sizeof value.value);
            out_.big_endian(value.value);
        }

      private:
        friend class protobuf_format;
        protobuf_writer::run out_;
    };

    /// Begins fields of at most `most` bytes all together, which are written to the result and end with `commit`.
    run claim(std::size_t most) { return run{out_.claim(most)}; }
    void commit(run const& written) noexcept { out_.commit(written.out_); }

    /// A KeyValue: most of what is written are these, so short ones are written in one go, as if their texts were ASCII; if
    /// they were not, again and with care.
    [[gnu::always_inline]] void pair(otlp_field const& list, std::string_view key, trace::attribute_ref const& value) {
        constexpr std::size_t most = 96; // of texts, so that each length takes one byte
        if (key.size() + value.text_size() <= most) [[likely]] {
            auto part = out_.claim(2 * most);
            char* const whole = part.begin_short(list.number);
            bool const has_plain_key = part.short_ascii(1, key);
            char* const any = part.begin_short(2);
            if (write_plain(part, value) && has_plain_key) [[likely]] {
                part.end_short(any);
                part.end_short(whole);
                return out_.commit(part);
            }
        }
        careful_pair(list, key, value);
    }

    void numbers(otlp_field const& field, std::span<std::uint64_t const> values) {
        auto const packed = out_.begin(field.number, 2 * values.size());
        for (auto const each : values) {
            out_.packed_uint64(each);
        }
        out_.end(packed);
    }

  private:
    template<class Id>
    void in_one_go(otlp_field const& field, Id value) {
        auto part = claim(protobuf_writer::longest_frame + sizeof value);
        part.id(field, value);
        commit(part);
    }

    /// False for a text that is not ASCII.
    [[gnu::always_inline]] static bool write_plain(protobuf_writer::run& out,
                                                   trace::attribute_ref const& value) noexcept {
        using type_of = trace::attribute_ref::type_of;
        switch (value.type()) {
        case type_of::boolean:
            out.boolean(2, value.boolean());
            return true;
        case type_of::integer:
            out.int64(3, value.integer());
            return true;
        case type_of::real:
            out.number(4, value.real());
            return true;
        case type_of::text:
            return out.short_ascii(1, value.text());
        }
        return false;
    }

    [[gnu::noinline]] void careful_pair(otlp_field const& list, std::string_view key,
                                        trace::attribute_ref const& value) {
        auto const whole = out_.begin(list.number, key.size() + value.text_size());
        out_.text(1, key);
        auto const any = out_.begin(2, value.text_size());
        if (value.type() == trace::attribute_ref::type_of::text) {
            out_.text(1, value.text());
        } else {
            auto part = out_.claim(2 * protobuf_writer::longest_frame);
            write_plain(part, value);
            out_.commit(part);
        }
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

    message begin(otlp_field const& field, std::size_t = 0) {
        out_.key(field.name).begin_object();
        return {};
    }
    void end(message) { out_.end_object(); }
    void begin_list(otlp_field const& field) { out_.key(field.name).begin_array(); }
    void end_list() { out_.end_array(); }
    message begin_element(otlp_field const&, std::size_t = 0) {
        out_.begin_object();
        return {};
    }

    void text(otlp_field const& field, std::string_view value) { out_.member(field.name, value); }
    void boolean(otlp_field const& field, bool value) { out_.member(field.name, value); }
    void uint32(otlp_field const& field, std::uint32_t value) { out_.member(field.name, value); }
    void int64(otlp_field const& field, std::int64_t value) { quoted(field, value); }
    void sint32(otlp_field const& field, std::int32_t value) { out_.member(field.name, value); }
    void fixed32(otlp_field const& field, std::uint32_t value) { out_.member(field.name, value); }
    void fixed64(otlp_field const& field, std::uint64_t value) { quoted(field, value); }
    void sfixed64(otlp_field const& field, std::int64_t value) { quoted(field, value); }

    void real(otlp_field const& field, double value) {
        if (is_finite(value)) {
            out_.member(field.name, value);
        } else {
            text(field, value != value ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
        }
    }

    void id(otlp_field const& field, trace_id value) { text(field, to_string(value)); }
    void id(otlp_field const& field, span_id value) { text(field, to_string(value)); }

    json_format& claim(std::size_t) noexcept { return *this; }
    void commit(json_format const&) const noexcept {}

    void pair(otlp_field const&, std::string_view key, trace::attribute_ref const& value) {
        out_.begin_object();
        out_.member("key", key);
        out_.key("value").begin_object();
        write(value);
        out_.end_object().end_object();
    }

    void numbers(otlp_field const& field, std::span<std::uint64_t const> values) {
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

    void write(trace::attribute_ref const& value) {
        using type_of = trace::attribute_ref::type_of;
        switch (value.type()) {
        case type_of::boolean:
            return boolean({2, "boolValue"}, value.boolean());
        case type_of::integer:
            return quoted({3, "intValue"}, value.integer());
        case type_of::real:
            return real({4, "doubleValue"}, value.real());
        case type_of::text:
            return text({1, "stringValue"}, value.text());
        }
    }

    template<std::integral Number>
    void quoted(otlp_field const& field, Number value) {
        out_.member(field.name, digits{value}.view());
    }

    json_writer out_;
};

} // namespace orfeas::inline v0::exporting
