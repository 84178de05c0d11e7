// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

namespace orfeas::inline v0::exporting {

/// The two encodings of OTLP/HTTP.
enum class otlp_encoding : std::uint8_t { protobuf, json };

/// The media type of requests and of answers.
constexpr std::string_view media_type(otlp_encoding encoding) noexcept {
    return encoding == otlp_encoding::protobuf ? "application/x-protobuf" : "application/json";
}

/// The encoding of that name; protobuf for any name but "json".
constexpr otlp_encoding encoding_of(std::string_view name) noexcept {
    return name == "json" ? otlp_encoding::json : otlp_encoding::protobuf;
}

} // namespace orfeas::inline v0::exporting
