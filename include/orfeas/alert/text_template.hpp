// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/detail/expression_lexer.hpp>
#include <orfeas/alert/detail/number_text.hpp>
#include <orfeas/alert/label_set.hpp>
#include <orfeas/alert/syntax_error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::alert {

/// A text with values of an alert in it, written as in rules of Prometheus:
///
///     {{ $labels.pool }} is {{ $value | humanizePercentage }} full, above {{ $threshold | humanizePercentage }}
///
/// Known are `$value`, `$labels.NAME` and `$threshold` (the value from which on the alert's severity holds; an export to
/// Prometheus puts the number there), and for numbers `humanize` (1.2k), `humanize1024` (1.2ki), `humanizePercentage`
/// and `humanizeDuration` (of seconds), which give what Prometheus gives. A label that is not there is an empty text.
/// Thread-compatible (distinct objects).
class text_template {
  public:
    text_template() = default;

    /// Throws syntax_error for what is not part of the above.
    explicit text_template(std::string source) : source_{std::move(source)} { parse(); }

    std::string const& source() const noexcept { return source_; }

    std::string render(label_set const& labels, double value, double threshold) const {
        std::string made;
        for (auto const& each : pieces_) {
            switch (each.kind) {
            case piece_kind::text:
                made.append(each.text);
                break;
            case piece_kind::label:
                made.append(value_of(labels, each.text));
                break;
            case piece_kind::value:
                made.append(number(value, each.format));
                break;
            case piece_kind::threshold:
                made.append(number(threshold, each.format));
                break;
            }
        }
        return made;
    }

    /// The source with a number in place of `$threshold`, for those who do not know it.
    std::string with_threshold(double threshold) const {
        std::string made;
        std::size_t at = 0;
        for (auto const& each : pieces_) {
            if (each.kind == piece_kind::threshold) {
                made.append(source_, at, each.begin - at).append(number(threshold, each.format));
                at = each.end;
            }
        }
        return made.append(source_, at);
    }

  private:
    enum class piece_kind : std::uint8_t { text, label, value, threshold };
    enum class number_format : std::uint8_t { plain, si, binary, percentage, duration };

    struct piece {
        piece_kind kind;
        std::string text; // or the name of a label
        number_format format = number_format::plain;
        std::size_t begin = 0; // of the braces in the source
        std::size_t end = 0;
    };

    static std::string number(double value, number_format format) {
        switch (format) {
        case number_format::plain:
            break;
        case number_format::si:
            return detail::humanized(value);
        case number_format::binary:
            return detail::humanized_1024(value);
        case number_format::percentage:
            return detail::humanized_percentage(value);
        case number_format::duration:
            return detail::humanized_duration(value);
        }
        return detail::plain_number_text(value);
    }

    void parse() {
        std::size_t at = 0;
        while (at < source_.size()) {
            auto const open = std::min(source_.find("{{", at), source_.size());
            if (open > at) {
                pieces_.push_back({piece_kind::text, source_.substr(at, open - at)});
            }
            if (open == source_.size()) {
                return;
            }
            auto const close = source_.find("}}", open);
            if (close == std::string::npos) {
                throw syntax_error{open, "a '{{' without its '}}'"};
            }
            pieces_.push_back(parse_piece(open + 2, close));
            pieces_.back().begin = open;
            at = pieces_.back().end = close + 2;
        }
    }

    piece parse_piece(std::size_t begin, std::size_t end) const {
        std::string_view inner{source_.data() + begin, end - begin};
        std::string_view format;
        if (auto const bar = inner.find('|'); bar != std::string_view::npos) {
            format = trimmed(inner.substr(bar + 1));
            inner = inner.substr(0, bar);
        }
        inner = trimmed(inner);
        constexpr std::string_view labels = "$labels.";
        if (inner.starts_with(labels) && detail::is_label_name(inner.substr(labels.size())) && format.empty()) {
            return {piece_kind::label, std::string{inner.substr(labels.size())}};
        }
        bool const is_value = inner == "$value";
        if (!is_value && inner != "$threshold") {
            throw syntax_error{begin, "only $value, $threshold and $labels.NAME are known between '{{' and '}}'"};
        }
        return {is_value ? piece_kind::value : piece_kind::threshold, {}, format_of(format, begin)};
    }

    static number_format format_of(std::string_view name, std::size_t at) {
        constexpr std::pair<std::string_view, number_format> known[] = {
            {"", number_format::plain},
            {"humanize", number_format::si},
            {"humanize1024", number_format::binary},
            {"humanizePercentage", number_format::percentage},
            {"humanizeDuration", number_format::duration}};
        for (auto const& [text, format] : known) {
            if (text == name) {
                return format;
            }
        }
        throw syntax_error{
            at, "'" + std::string{name} +
                    "' is not known here; humanize, humanize1024, humanizePercentage and humanizeDuration are"};
    }

    static std::string_view trimmed(std::string_view text) noexcept {
        while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
            text.remove_prefix(1);
        }
        while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
            text.remove_suffix(1);
        }
        return text;
    }

    std::string source_;
    std::vector<piece> pieces_;
};

} // namespace orfeas::inline v0::alert
