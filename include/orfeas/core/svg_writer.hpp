// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/utf8.hpp>

#include <array>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace orfeas::inline v0 {

/// Writes elements of an SVG picture; what is not markup is escaped, so that the result always is well-formed XML.
/// Thread-compatible (distinct objects).
class svg_writer {
  public:
    svg_writer(double width, double height) {
        text_.append(R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 )");
        number(width).append(" ");
        number(height).append(R"(" font-family="sans-serif" font-size="12">)");
        text_.push_back('\n');
    }

    /// Begins an element; attributes follow, then `close` or `open` and `end`.
    svg_writer& begin(std::string_view name) {
        text_.append("<").append(name);
        return *this;
    }
    svg_writer& attribute(std::string_view name, double value) {
        text_.append(" ").append(name).append("=\"");
        number(value).append("\"");
        return *this;
    }
    svg_writer& attribute(std::string_view name, std::string_view value) {
        text_.append(" ").append(name).append("=\"");
        escape(value);
        text_.append("\"");
        return *this;
    }
    void close() { text_.append("/>\n"); }
    svg_writer& open() {
        text_.append(">");
        return *this;
    }
    svg_writer& content(std::string_view text) {
        escape(text);
        return *this;
    }
    void end(std::string_view name) { text_.append("</").append(name).append(">\n"); }

    /// One line of text; `anchor` is start, middle or end.
    void label(double x, double y, std::string_view text, std::string_view anchor = "start") {
        begin("text")
            .attribute("x", x)
            .attribute("y", y)
            .attribute("text-anchor", anchor)
            .open()
            .content(text)
            .end("text");
    }

    /// Begins an element whose attribute `name` is a list of points; `point` adds them, `end_points` ends the list.
    svg_writer& begin_points(std::string_view element, std::string_view name) {
        begin(element);
        text_.append(" ").append(name).append("=\"");
        return *this;
    }
    void point(double x, double y) {
        number(x).push_back(',');
        number(y).push_back(' ');
    }
    svg_writer& end_points() {
        text_.append("\"");
        return *this;
    }

    std::string finish() {
        text_.append("</svg>\n");
        return std::move(text_);
    }

  private:
    /// With one decimal, a tenth of a pixel, and none where it is zero.
    std::string& number(double value) {
        std::array<char, 32> digits;
        auto const scaled = static_cast<long long>(value * 10 + (value < 0 ? -0.5 : 0.5));
        auto const magnitude = scaled < 0 ? -scaled : scaled;
        text_.append(scaled < 0 ? "-" : "");
        auto const end = std::to_chars(digits.data(), digits.data() + digits.size(), magnitude / 10).ptr;
        text_.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
        if (magnitude % 10 != 0) {
            text_.push_back('.');
            text_.push_back(static_cast<char>('0' + magnitude % 10));
        }
        return text_;
    }

    void escape(std::string_view text) {
        while (!text.empty()) {
            auto const c = static_cast<unsigned char>(text.front());
            auto const length = utf8_length(text);
            if (c == '&' || c == '<' || c == '>' || c == '"') {
                text_.append(c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : "&quot;");
            } else if (length == 0 || c < 0x20U || text.starts_with("\xEF\xBF\xBE") ||
                       text.starts_with("\xEF\xBF\xBF")) {
                text_.append(replacement_character); // XML has no way to write these
            } else {
                text_.append(text.substr(0, length));
            }
            text.remove_prefix(length > 0 ? length : 1);
        }
    }

    std::string text_;
};

} // namespace orfeas::inline v0
