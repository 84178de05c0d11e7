// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>

#include <charconv>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

namespace orfeas::inline v0::memory::detail {

/// The members of one JSON object as they stand in the text that was parsed, which must outlive this. Read are texts,
/// numbers, booleans and arrays of numbers; what is nested deeper is passed over.
class flat_json {
  public:
    /// False, and then nothing is to be read, when the text is no such object.
    bool parse(std::string_view text) {
        members_.clear();
        rest_ = text;
        if (!take('{')) {
            return false;
        }
        if (take('}')) {
            return at_end();
        }
        do {
            std::string_view name;
            std::string_view value;
            if (!token(name) || name.size() < 2 || name.front() != '"' || !take(':') || !value_token(value)) {
                return false;
            }
            members_.emplace_back(name.substr(1, name.size() - 2), value);
        } while (take(','));
        return take('}') && at_end();
    }

    /// The value of a member as it stands; empty when there is none.
    std::string_view raw(std::string_view name) const noexcept {
        for (auto const& [key, value] : members_) {
            if (key == name) {
                return value;
            }
        }
        return {};
    }

    /// Reads a member into `value`; false when it is not there or of another form.
    template<class T>
    bool read(std::string_view name, T& value) const {
        auto const text = raw(name);
        return !text.empty() && decode(text, value);
    }

  private:
    void skip_space() noexcept {
        while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t' || rest_.front() == '\r')) {
            rest_.remove_prefix(1);
        }
    }

    bool take(char c) noexcept {
        skip_space();
        if (rest_.empty() || rest_.front() != c) {
            return false;
        }
        rest_.remove_prefix(1);
        return true;
    }

    bool at_end() noexcept {
        skip_space();
        return rest_.empty();
    }

    /// A text with its quotes, or a bare word.
    bool token(std::string_view& out) noexcept {
        skip_space();
        std::size_t length = 0;
        if (!rest_.empty() && rest_.front() == '"') {
            for (length = 1; length < rest_.size() && rest_[length] != '"'; ++length) {
                length += rest_[length] == '\\' ? 1U : 0U;
            }
            if (length++ >= rest_.size()) {
                return false;
            }
        } else {
            length = rest_.find_first_of(",:]} \t\r");
            length = length == std::string_view::npos ? rest_.size() : length;
        }
        out = rest_.substr(0, length);
        rest_.remove_prefix(length);
        return length > 0;
    }

    /// An array or an object is taken as a whole, up to the bracket that closes it.
    bool value_token(std::string_view& out) noexcept {
        skip_space();
        auto const whole = rest_;
        std::size_t depth = 0;
        do {
            skip_space();
            char const c = rest_.empty() ? '\0' : rest_.front();
            std::string_view part;
            if (c == '[' || c == '{' || ((c == ']' || c == '}') && depth > 0)) {
                depth = c == '[' || c == '{' ? depth + 1 : depth - 1;
                rest_.remove_prefix(1);
            } else if (depth > 0 && (c == ',' || c == ':')) {
                rest_.remove_prefix(1);
            } else if (!token(part)) {
                return false;
            }
        } while (depth > 0);
        out = whole.substr(0, whole.size() - rest_.size());
        return true;
    }

    template<class T>
    static bool decode(std::string_view text, T& value) {
        if constexpr (std::same_as<T, bool>) {
            value = text == "true";
            return value || text == "false";
        } else if constexpr (std::integral<T> || std::floating_point<T>) {
            if (std::floating_point<T> && text == "null") { // how a writer says not-a-number
                value = std::numeric_limits<T>::quiet_NaN();
                return true;
            }
            auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
            return error == std::errc{} && end == text.data() + text.size();
        } else if constexpr (std::is_enum_v<T>) {
            return decode_enum(text, value);
        } else if constexpr (std::same_as<T, wall_time>) {
            return decode_time(text, value);
        } else if constexpr (std::same_as<T, std::string>) {
            return decode_text(text, value);
        } else {
            return decode_array(text, value);
        }
    }

    /// Seconds since the Unix epoch, of which microseconds are kept.
    static bool decode_time(std::string_view text, wall_time& value) {
        double seconds = 0;
        if (!decode(text, seconds) || !(seconds > -9e9 && seconds < 9e9)) { // what the clock can hold
            return false;
        }
        auto const whole = static_cast<std::int64_t>(seconds);
        auto const rest = (seconds - static_cast<double>(whole)) * 1e6;
        auto const micros = static_cast<std::int64_t>(rest < 0 ? rest - 0.5 : rest + 0.5);
        value = wall_time{std::chrono::seconds{whole} + std::chrono::microseconds{micros}};
        return true;
    }

    /// Tries the numbers from 0 on, for enumerations that count so and have a to_string.
    template<class E>
    static bool decode_enum(std::string_view text, E& value) {
        for (std::uint8_t i = 0; i < 32 && text.size() > 2; ++i) {
            if (to_string(static_cast<E>(i)) == text.substr(1, text.size() - 2)) {
                value = static_cast<E>(i);
                return true;
            }
        }
        return false;
    }

    template<class A>
    static bool decode_array(std::string_view text, A& value) {
        flat_json items;
        items.rest_ = text;
        std::string_view item;
        bool good = items.take('[');
        for (std::size_t at = 0; good && !items.take(']'); ++at) {
            good = (at == 0 || items.take(',')) && at < A::bucket_count && items.token(item) && decode(item, value[at]);
        }
        return good && items.at_end();
    }

    static bool decode_text(std::string_view text, std::string& value) {
        value.clear();
        if (text.size() < 2 || text.front() != '"') {
            return false;
        }
        text = text.substr(1, text.size() - 2);
        while (!text.empty()) {
            if (text.front() != '\\') {
                auto const plain = text.substr(0, text.find('\\'));
                value.append(plain);
                text.remove_prefix(plain.size());
            } else if (!decode_escape(text, value)) {
                return false;
            }
        }
        return true;
    }

    static bool decode_escape(std::string_view& text, std::string& value) {
        static constexpr std::string_view names = "\"\\/bfnrt";
        static constexpr std::string_view meant = "\"\\/\b\f\n\r\t";
        if (text.size() < 2) {
            return false;
        }
        if (auto const at = names.find(text[1]); at != std::string_view::npos) {
            value.push_back(meant[at]);
            text.remove_prefix(2);
            return true;
        }
        std::uint32_t code = 0;
        if (text[1] != 'u' || text.size() < 6 ||
            std::from_chars(text.data() + 2, text.data() + 6, code, 16).ptr != text.data() + 6) {
            return false;
        }
        text.remove_prefix(6);
        append_utf8(code, value);
        return true;
    }

    /// Halves of surrogate pairs, which our own writer never makes, become U+FFFD each.
    static void append_utf8(std::uint32_t code, std::string& value) {
        code = code >= 0xd800U && code < 0xe000U ? 0xfffdU : code;
        if (code < 0x80U) {
            value.push_back(static_cast<char>(code));
        } else if (code < 0x800U) {
            value.push_back(static_cast<char>(0xc0U | code >> 6U));
            value.push_back(static_cast<char>(0x80U | (code & 0x3fU)));
        } else {
            value.push_back(static_cast<char>(0xe0U | code >> 12U));
            value.push_back(static_cast<char>(0x80U | (code >> 6U & 0x3fU)));
            value.push_back(static_cast<char>(0x80U | (code & 0x3fU)));
        }
    }

    std::vector<std::pair<std::string_view, std::string_view>> members_;
    std::string_view rest_;
};

} // namespace orfeas::inline v0::memory::detail
