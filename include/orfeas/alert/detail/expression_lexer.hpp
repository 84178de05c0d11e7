// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/syntax_error.hpp>

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace orfeas::inline v0::alert::detail {

enum class token_kind : std::uint8_t { end, name, number, duration, text, symbol };

/// One word of an expression.
struct token {
    token_kind kind = token_kind::end;
    std::size_t offset = 0;
    std::string_view source{};            // as it was written
    std::string text{};                   // of a text, without quotes and escapes
    double number = 0;                    // of a number
    std::chrono::nanoseconds duration{0}; // of a duration
};

constexpr bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}
constexpr bool is_name_start(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
}
constexpr bool is_name_part(char c) noexcept {
    return is_name_start(c) || is_digit(c);
}

/// Whether a text is the name of a label.
constexpr bool is_label_name(std::string_view name) noexcept {
    for (char const c : name) {
        if (!is_name_part(c) || c == ':') {
            return false;
        }
    }
    return !name.empty() && !is_digit(name.front());
}

/// `90s`, `1h30m`, `250ms`: whole numbers with units from weeks to milliseconds, longest unit first, as Prometheus writes
/// durations. Returns how many characters it has; 0 when the text does not start with a duration, or it is too long.
constexpr std::size_t read_duration(std::string_view text, std::chrono::nanoseconds& value) noexcept {
    struct scale {
        std::string_view name;
        std::int64_t milliseconds;
    };
    constexpr scale scales[] = {{"y", 31'536'000'000}, {"w", 604'800'000}, {"d", 86'400'000},
                                {"h", 3'600'000},      {"ms", 1},          {"m", 60'000},
                                {"s", 1'000}};
    constexpr std::int64_t most = std::int64_t{100} * 31'536'000'000;
    std::int64_t sum = 0;
    std::int64_t last = most;
    std::size_t at = 0;
    while (at < text.size() && is_digit(text[at])) {
        std::size_t const begin = at;
        std::int64_t count = 0;
        for (; at < text.size() && is_digit(text[at]); ++at) {
            count = count > most ? most : count * 10 + (text[at] - '0');
        }
        scale const* found = nullptr;
        for (auto const& each : scales) {
            if (found == nullptr && text.substr(at).starts_with(each.name)) {
                found = &each;
            }
        }
        if (found == nullptr || found->milliseconds >= last || count > most / found->milliseconds) {
            at = begin;
            break;
        }
        last = found->milliseconds;
        sum += count * found->milliseconds;
        at += found->name.size();
    }
    value = std::chrono::milliseconds{sum};
    return sum > most || (at < text.size() && is_name_part(text[at])) ? 0 : at;
}

/// Cuts an expression into words. Throws syntax_error. Thread-compatible (distinct objects).
class expression_lexer {
  public:
    explicit expression_lexer(std::string_view source) : source_{source} { advance(); }

    /// The next word.
    token const& now() const noexcept { return now_; }

    /// Passes over it.
    void advance() {
        skip_space();
        now_ = {};
        now_.offset = at_;
        if (at_ == source_.size()) {
            return;
        }
        char const c = source_[at_];
        if (is_name_start(c)) {
            take_name();
        } else if (is_digit(c) || (c == '.' && at_ + 1 < source_.size() && is_digit(source_[at_ + 1]))) {
            take_number();
        } else if (c == '"' || c == '\'' || c == '`') {
            take_text(c);
        } else {
            take_symbol();
        }
    }

  private:
    void skip_space() noexcept {
        for (; at_ < source_.size(); ++at_) {
            char const c = source_[at_];
            if (c == '#') {
                while (at_ + 1 < source_.size() && source_[at_ + 1] != '\n') {
                    ++at_;
                }
            } else if (c != ' ' && c != '\t' && c != '\n' && c != '\r') {
                return;
            }
        }
    }

    void finish(token_kind kind, std::size_t end) noexcept {
        now_.kind = kind;
        now_.source = source_.substr(now_.offset, end - now_.offset);
        at_ = end;
    }

    void take_name() noexcept {
        std::size_t end = at_;
        while (end < source_.size() && is_name_part(source_[end])) {
            ++end;
        }
        finish(token_kind::name, end);
    }

    void take_number() {
        auto const rest = source_.substr(at_);
        if (auto const length = read_duration(rest, now_.duration)) {
            finish(token_kind::duration, at_ + length);
            return;
        }
        auto const [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), now_.number);
        auto const length = static_cast<std::size_t>(end - rest.data());
        if (error != std::errc{} || (length < rest.size() && (is_name_part(rest[length]) || rest[length] == '.'))) {
            throw syntax_error{at_, "neither a number nor a duration such as 5m or 1h30m"};
        }
        finish(token_kind::number, at_ + length);
    }

    void take_text(char quote) {
        std::size_t end = at_ + 1;
        for (; end < source_.size() && source_[end] != quote; ++end) {
            if (source_[end] == '\\' && quote != '`') {
                ++end;
                now_.text.push_back(escaped(end));
            } else {
                now_.text.push_back(source_[end]);
            }
        }
        if (end >= source_.size()) {
            throw syntax_error{now_.offset, "a text without its closing quote"};
        }
        finish(token_kind::text, end + 1);
    }

    char escaped(std::size_t at) const {
        char const c = at < source_.size() ? source_[at] : '\0';
        switch (c) {
        case 'n':
            return '\n';
        case 't':
            return '\t';
        case '\\':
        case '"':
        case '\'':
            return c;
        default:
            throw syntax_error{at, "only \\n, \\t, \\\\, \\\" and \\' stand for a character"};
        }
    }

    void take_symbol() {
        for (std::string_view const each : {"==", "!=", ">=", "<=", "=~", "!~", ">", "<", "=", "+",
                                            "-",  "*",  "/",  "(",  ")",  "{",  "}", "[", "]", ","}) {
            if (source_.substr(at_).starts_with(each)) {
                finish(token_kind::symbol, at_ + each.size());
                return;
            }
        }
        throw syntax_error{at_, std::string{"'"} + source_[at_] + "' has no meaning here"};
    }

    std::string_view source_;
    std::size_t at_ = 0;
    token now_;
};

} // namespace orfeas::inline v0::alert::detail
