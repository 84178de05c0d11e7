// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/http/response.hpp>

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace orfeas::inline v0::http {

/// The Date field (RFC 9110 section 5.6.7), formatted once a second.
/// Thread-compatible (distinct objects).
class date_text {
  public:
    /// "Sun, 06 Nov 1994 08:49:37 GMT".
    std::string_view at(wall_time now) {
        auto const second = std::chrono::floor<std::chrono::seconds>(now);
        if (second != second_ || size_ == 0) {
            second_ = second;
            format();
        }
        return {text_.data(), size_};
    }

  private:
    void format() {
        using namespace std::chrono;
        static constexpr char const* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
        static constexpr char const* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
        auto const day = floor<std::chrono::days>(second_);
        year_month_day const date{day};
        hh_mm_ss const time{second_ - day};
        int const size = std::snprintf(text_.data(), text_.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
                                       days[weekday{day}.c_encoding()], static_cast<unsigned>(date.day()),
                                       months[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                                       static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                                       static_cast<int>(time.seconds().count()));
        size_ = static_cast<std::size_t>(size);
    }

    std::chrono::sys_seconds second_{};
    std::array<char, 40> text_{};
    std::size_t size_ = 0;
};

namespace detail {

/// Fields on which framing depends: a handler's idea of them would end the connection in disorder.
constexpr bool is_set_by_server(std::string_view name) noexcept {
    return equals_ignoring_case(name, "content-length") || equals_ignoring_case(name, "transfer-encoding") ||
           equals_ignoring_case(name, "date");
}

} // namespace detail

/// Writes status line, fields and empty line of an answer to the end of `out`. Content-Length is that of the body also
/// for HEAD; 1xx, 204 and 304 have none (RFC 9110 section 8.6). The answer's own Content-Length, Transfer-Encoding and
/// Date are left out.
inline void append_response_head(std::string& out, response const& answer, bool keep_alive, std::string_view date) {
    std::array<char, 20> number;
    auto const append_number = [&](std::uint64_t n) {
        auto const end = std::to_chars(number.data(), number.data() + number.size(), n).ptr;
        out.append(number.data(), end);
    };
    out.append("HTTP/1.1 ");
    append_number(code_of(answer.status()));
    out.append(" ").append(reason_phrase(answer.status())).append("\r\ndate: ").append(date);
    for (auto const& f : answer.fields()) {
        if (detail::is_set_by_server(f.name)) {
            continue;
        }
        out.append("\r\n").append(f.name).append(": ").append(f.value);
    }
    bool const has_length = code_of(answer.status()) >= 200 && answer.status() != status::no_content &&
                            answer.status() != status::not_modified;
    if (has_length) {
        out.append("\r\ncontent-length: ");
        append_number(answer.body().size());
    }
    out.append("\r\nx-content-type-options: nosniff");
    out.append(keep_alive ? "\r\n\r\n" : "\r\nconnection: close\r\n\r\n");
}

} // namespace orfeas::inline v0::http
