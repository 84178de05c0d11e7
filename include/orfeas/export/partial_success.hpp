// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/export/encoding.hpp>

#include <nlohmann/json.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace orfeas::inline v0::exporting {

namespace detail {

/// Reads the fields of one protobuf message, one after another. Sans-I/O: borrowed bytes.
class protobuf_reader {
  public:
    explicit protobuf_reader(std::string_view bytes) noexcept : rest_{bytes} {}

    struct field {
        std::uint64_t number = 0;
        std::uint64_t value = 0;  // of a varint
        std::string_view content; // of what has a length
        bool has_length = false;
    };

    /// The next field; empty at the end and for malformed bytes.
    std::optional<field> next() noexcept {
        auto const tag = varint();
        if (!tag) {
            return std::nullopt;
        }
        field found;
        found.number = *tag >> 3U;
        switch (*tag & 7U) {
        case 0: {
            auto const value = varint();
            found.value = value.value_or(0);
            return value ? std::optional{found} : std::nullopt;
        }
        case 1:
            return skip(8) ? std::optional{found} : std::nullopt;
        case 2: {
            auto const length = varint();
            if (!length || *length > rest_.size()) {
                return std::nullopt;
            }
            found.has_length = true;
            found.content = rest_.substr(0, static_cast<std::size_t>(*length));
            rest_.remove_prefix(found.content.size());
            return found;
        }
        case 5:
            return skip(4) ? std::optional{found} : std::nullopt;
        default:
            return std::nullopt;
        }
    }

  private:
    std::optional<std::uint64_t> varint() noexcept {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
            auto const byte = static_cast<unsigned char>(rest_.front());
            rest_.remove_prefix(1);
            value |= std::uint64_t{byte & 0x7FU} << shift;
            if (byte < 0x80U) {
                return value;
            }
        }
        return std::nullopt;
    }

    bool skip(std::size_t bytes) noexcept {
        if (rest_.size() < bytes) {
            return false;
        }
        rest_.remove_prefix(bytes);
        return true;
    }

    std::string_view rest_;
};

inline std::uint64_t at_least_zero(std::int64_t value) noexcept {
    return value < 0 ? 0 : static_cast<std::uint64_t>(value);
}

/// ExportTraceServiceResponse and ExportMetricsServiceResponse: partial_success = 1 { rejected = 1 }.
inline std::uint64_t rejected_in_protobuf(std::string_view body) noexcept {
    std::uint64_t rejected = 0;
    protobuf_reader answer{body};
    while (auto const part = answer.next()) {
        if (part->number != 1 || !part->has_length) {
            continue;
        }
        protobuf_reader partial{part->content};
        while (auto const member = partial.next()) {
            if (member->number == 1 && !member->has_length) {
                rejected = at_least_zero(static_cast<std::int64_t>(member->value));
            }
        }
    }
    return rejected;
}

/// 64-bit numbers are strings in OTLP/JSON; plain numbers are understood too.
inline std::uint64_t rejected_in_json(std::string_view body, std::string_view member) {
    auto const answer = nlohmann::json::parse(body, nullptr, false);
    auto const partial = answer.is_object() ? answer.find("partialSuccess") : answer.end();
    if (partial == answer.end() || !partial->is_object()) {
        return 0;
    }
    auto const count = partial->find(member);
    if (count == partial->end()) {
        return 0;
    }
    if (count->is_number_integer()) {
        return at_least_zero(count->template get<std::int64_t>());
    }
    if (!count->is_string()) {
        return 0;
    }
    auto const& text = count->template get_ref<std::string const&>();
    std::int64_t value = 0;
    auto const [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    return failed == std::errc{} && end == text.data() + text.size() ? at_least_zero(value) : 0;
}

} // namespace detail

/// How many spans or data points a receiver says that it rejected in an answer of success; 0 where it says nothing that
/// can be understood. `member` is their name in JSON, "rejectedSpans" or "rejectedDataPoints". O(bytes).
inline std::uint64_t rejected_items(otlp_encoding encoding, std::string_view body, std::string_view member) {
    if (body.empty()) {
        return 0;
    }
    return encoding == otlp_encoding::protobuf ? detail::rejected_in_protobuf(body)
                                               : detail::rejected_in_json(body, member);
}

} // namespace orfeas::inline v0::exporting
