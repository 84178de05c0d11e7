// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/version.hpp>
#include <orfeas/export/encoding.hpp>
#include <orfeas/export/options.hpp>
#include <orfeas/export/otlp_format.hpp>
#include <orfeas/trace/attribute.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What traces and metrics have in common in OTLP (opentelemetry.proto.common.v1 and resource.v1).

namespace orfeas::inline v0::exporting {

/// What says where telemetry comes from: the attributes of its resource but service.name.
using resource_attributes = std::vector<std::pair<std::string, std::string>>;

namespace otlp {

/// Numbers and names of the schema, opentelemetry-proto 1.x.
inline constexpr otlp_field resource{1, "resource"};
inline constexpr otlp_field resource_attribute{1, "attributes"};
inline constexpr otlp_field scope{1, "scope"};
inline constexpr otlp_field scope_name{1, "name"};
inline constexpr otlp_field scope_version{2, "version"};

/// The resource of what this process exports.
template<class Format>
void write_resource(Format& out, std::string_view service, resource_attributes const& more) {
    auto const whole = out.begin(resource, 128);
    out.begin_list(resource_attribute);
    out.pair(resource_attribute, "service.name", service.empty() ? "unknown_service" : service);
    out.pair(resource_attribute, "telemetry.sdk.name", std::string_view{"orfeas"});
    out.pair(resource_attribute, "telemetry.sdk.language", std::string_view{"cpp"});
    out.pair(resource_attribute, "telemetry.sdk.version", std::string_view{ORFEAS_VERSION_STRING});
    for (auto const& [name, held] : more) {
        out.pair(resource_attribute, name, std::string_view{held});
    }
    out.end_list();
    out.end(whole);
}

/// The scope of spans or metrics; one without a name says nothing and is left out.
template<class Format>
void write_scope(Format& out, std::string_view name, std::string_view version) {
    if (name.empty()) {
        return;
    }
    auto const whole = out.begin(scope);
    out.text(scope_name, name);
    if (!version.empty()) {
        out.text(scope_version, version);
    }
    out.end(whole);
}

/// Runs `write(format)` for a whole request in one of the two encodings.
template<class Write>
void write_document(otlp_encoding encoding, std::string& out, Write write) {
    if (encoding == otlp_encoding::json) {
        json_format format{out};
        format.begin_document();
        write(format);
        format.end_document();
    } else {
        protobuf_format format{out};
        write(format);
    }
}

/// Nanoseconds since the Unix epoch.
inline std::uint64_t unix_ns(wall_time at) noexcept {
    auto const since = std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count();
    return since < 0 ? 0 : static_cast<std::uint64_t>(since);
}

} // namespace otlp

} // namespace orfeas::inline v0::exporting
