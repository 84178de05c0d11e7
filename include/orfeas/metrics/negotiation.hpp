// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/metrics/openmetrics_text.hpp>
#include <orfeas/metrics/points.hpp>
#include <orfeas/metrics/prometheus_protobuf.hpp>
#include <orfeas/metrics/prometheus_text.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace orfeas::inline v0::metrics {

/// The formats in which metrics are written.
enum class exposition_format : unsigned char { prometheus_text, openmetrics_text, prometheus_protobuf };

/// The media type of a format.
constexpr std::string_view content_type_of(exposition_format format) noexcept {
    return format == exposition_format::openmetrics_text      ? openmetrics_content_type
           : format == exposition_format::prometheus_protobuf ? protobuf_content_type
                                                              : prometheus_content_type;
}

namespace detail {

/// Cuts `text` at the first `separator`: what stood before it, without the spaces around.
constexpr std::string_view cut(std::string_view& text, char separator) noexcept {
    std::size_t const end = text.find(separator);
    std::string_view part = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    while (!part.empty() && (part.front() == ' ' || part.front() == '\t')) {
        part.remove_prefix(1);
    }
    while (!part.empty() && (part.back() == ' ' || part.back() == '\t')) {
        part.remove_suffix(1);
    }
    return part;
}

constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) {
        return false;
    }
    auto const lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (lower(a[i]) != lower(b[i])) {
            return false;
        }
    }
    return true;
}

/// A q-value in thousandths; 0 for what is none (RFC 9110, section 12.4.2).
constexpr int weight_of(std::string_view text) noexcept {
    if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1') || (text.size() > 1 && text[1] != '.')) {
        return 0;
    }
    int weight = (text[0] - '0') * 1'000;
    int digit = 100;
    for (std::size_t i = 2; i < text.size(); ++i, digit /= 10) {
        if (!is_digit(text[i])) {
            return 0;
        }
        weight += (text[i] - '0') * digit;
    }
    return weight <= 1'000 ? weight : 0;
}

/// One element of an Accept header.
struct accepted {
    std::string_view type;
    std::string_view version;
    std::string_view proto;
    std::string_view encoding;
    int weight = 1'000;

    constexpr explicit accepted(std::string_view element) noexcept : type{cut(element, ';')} {
        while (!element.empty()) {
            std::string_view value = cut(element, ';');
            std::string_view const name = cut(value, '=');
            if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
                value = value.substr(1, value.size() - 2);
            }
            if (equal_ignoring_case(name, "q")) {
                weight = weight_of(value);
            } else if (equal_ignoring_case(name, "version")) {
                version = value;
            } else if (equal_ignoring_case(name, "proto")) {
                proto = value;
            } else if (equal_ignoring_case(name, "encoding")) {
                encoding = value;
            }
        }
    }

    constexpr bool is_protobuf() const noexcept {
        return equal_ignoring_case(type, "application/vnd.google.protobuf") &&
               (proto.empty() || proto == "io.prometheus.client.MetricFamily") &&
               (encoding.empty() || encoding == "delimited");
    }
    constexpr bool is_openmetrics() const noexcept {
        return equal_ignoring_case(type, "application/openmetrics-text") &&
               (version.empty() || version == "1.0.0" || version == "0.0.1");
    }
    constexpr bool is_text() const noexcept {
        bool const named = equal_ignoring_case(type, "text/plain") && (version.empty() || version == "0.0.4");
        return named || type == "*/*" || equal_ignoring_case(type, "text/*");
    }
};

} // namespace detail

/// The format that an Accept header asks for: the one with the highest q-value, of equals the one named first, the text
/// format 0.0.4 if none is known. Elements that are malformed are passed over.
constexpr exposition_format negotiate(std::string_view accept) noexcept {
    auto best = exposition_format::prometheus_text;
    int weight = 0;
    while (!accept.empty()) {
        detail::accepted const each{detail::cut(accept, ',')};
        auto format = exposition_format::prometheus_text;
        if (each.is_protobuf()) {
            format = exposition_format::prometheus_protobuf;
        } else if (each.is_openmetrics()) {
            format = exposition_format::openmetrics_text;
        } else if (!each.is_text()) {
            continue;
        }
        if (each.weight > weight) {
            best = format;
            weight = each.weight;
        }
    }
    return best;
}

/// Appends one document of all sources, which share no family, in a format.
template<collectable... Sources>
void write(std::string& out, exposition_format format, Sources&... sources) {
    auto const all = [&](auto writer) {
        (sources.collect(writer), ...);
        writer.finish();
    };
    switch (format) {
    case exposition_format::openmetrics_text:
        return all(openmetrics_text{out});
    case exposition_format::prometheus_protobuf:
        return all(prometheus_protobuf{out});
    case exposition_format::prometheus_text:
        return all(prometheus_text{out});
    }
}

} // namespace orfeas::inline v0::metrics
