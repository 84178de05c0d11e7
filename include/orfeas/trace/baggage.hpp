// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/utf8.hpp>
#include <orfeas/trace/tracestate.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// W3C Baggage: the header `baggage`, by which an application hands its own values down the way of a request. Whoever is
/// asked can read them: nothing secret belongs there.

namespace orfeas::inline v0::trace {

inline constexpr std::string_view baggage_header = "baggage";

/// The most that is read, kept and passed on (section "Limits").
inline constexpr std::size_t longest_baggage = 8192;
inline constexpr std::size_t most_baggage_members = 180;

namespace detail {

/// A character of a token (RFC 9110 section 5.6.2).
constexpr bool is_token_char(char c) noexcept {
    bool const is_alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return is_alphanumeric || std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
}

constexpr bool is_baggage_char(char c) noexcept {
    return c > ' ' && c <= '~' && c != '"' && c != ',' && c != ';' && c != '\\';
}

/// A hexadecimal digit of either case, or nothing.
constexpr std::optional<unsigned> hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') {
        return static_cast<unsigned>(c - '0');
    }
    char const low = static_cast<char>(c | 0x20);
    return low >= 'a' && low <= 'f' ? std::optional{static_cast<unsigned>(low - 'a') + 10U} : std::nullopt;
}

/// `text` with each byte that is not UTF-8 replaced by U+FFFD.
inline std::string well_formed_utf8(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        std::size_t const length = utf8_length(text);
        out.append(length > 0 ? text.substr(0, length) : replacement_character);
        text.remove_prefix(length > 0 ? length : 1);
    }
    return out;
}

/// A percent sign that no two digits follow stands for itself.
inline std::string percent_decoded(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size()) {
            auto const high = hex_digit(text[i + 1]);
            auto const low = hex_digit(text[i + 2]);
            if (high && low) {
                out.push_back(static_cast<char>(*high << 4U | *low));
                i += 2;
                continue;
            }
        }
        out.push_back(text[i]);
    }
    return out;
}

inline void append_percent_encoded(std::string& out, std::string_view text) {
    static constexpr char digits[] = "0123456789ABCDEF";
    for (char const c : text) {
        if (is_baggage_char(c) && c != '%') {
            out.push_back(c);
            continue;
        }
        auto const byte = static_cast<unsigned char>(c);
        out.append({'%', digits[byte >> 4U], digits[byte & 15U]});
    }
}

inline std::size_t percent_encoded_size(std::string_view text) noexcept {
    std::size_t size = 0;
    for (char const c : text) {
        size += is_baggage_char(c) && c != '%' ? 1U : 3U;
    }
    return size;
}

/// `list` (`a;b=c`, or nothing) without the white space around its parts; nothing when one is no property.
inline std::optional<std::string> normalized_properties(std::string_view list) {
    std::string out;
    for (bool more = !list.empty(); more;) {
        more = list.find(';') != std::string_view::npos;
        auto value = trim_ows(take_until(list, ';'));
        bool const has_value = value.find('=') != std::string_view::npos;
        auto const key = trim_ows(take_until(value, '='));
        value = trim_ows(value);
        if (key.empty() || !all_are(key, is_token_char) || !all_are(value, is_baggage_char)) {
            return std::nullopt;
        }
        out.append(out.empty() ? "" : ";").append(key).append(has_value ? "=" : "").append(value);
    }
    return out;
}

} // namespace detail

/// One value of a baggage.
struct baggage_member {
    std::string key;        ///< a token: letters, digits and some signs; case matters
    std::string value;      ///< any UTF-8, decoded
    std::string properties; ///< what else is said of the value, as it is sent: "a;b=c"

    friend bool operator==(baggage_member const&, baggage_member const&) = default;
};

/// The values that travel with a request, in their order, within the limits of the specification as they are written: 180
/// members and 8192 bytes. Foreign systems may have left several members of one key: they stay, and the last of them counts.
/// Thread-compatible (distinct objects).
class baggage {
  public:
    /// The value of `key`, or null.
    std::string const* find(std::string_view key) const noexcept {
        for (std::size_t i = members_.size(); i > 0; --i) {
            if (members_[i - 1].key == key) {
                return &members_[i - 1].value;
            }
        }
        return nullptr;
    }

    /// Puts a member at the end, in the place of all of its key. Bytes of the value that are not UTF-8 become U+FFFD. False,
    /// and nothing is changed, when the key is no token, a property is malformed, or there is no room.
    bool set(std::string_view key, std::string_view value, std::string_view properties = {}) {
        auto fresh = made(key, detail::well_formed_utf8(value), properties);
        if (!fresh) {
            return false;
        }
        baggage others = *this;
        others.erase(key);
        if (!others.add(std::move(*fresh))) {
            return false;
        }
        *this = std::move(others);
        return true;
    }

    /// Takes out all members of a key; false when there is none.
    bool erase(std::string_view key) {
        std::size_t const erased = std::erase_if(members_, [&](baggage_member const& each) {
            if (each.key != key) {
                return false;
            }
            bytes_ -= written_size(each);
            return true;
        });
        return erased > 0;
    }

    /// The members in their order.
    auto begin() const noexcept { return members_.begin(); }
    auto end() const noexcept { return members_.end(); }
    std::size_t size() const noexcept { return members_.size(); }
    bool empty() const noexcept { return members_.empty(); }

    /// The field value that carries this baggage: at most 8192 bytes, empty without members.
    std::string text() const {
        std::string out;
        out.reserve(bytes_);
        for (auto const& each : members_) {
            out.append(out.empty() ? "" : ",").append(each.key).append("=");
            detail::append_percent_encoded(out, each.value);
            out.append(each.properties.empty() ? "" : ";").append(each.properties);
        }
        return out;
    }

    friend bool operator==(baggage const&, baggage const&) = default;

  private:
    friend struct baggage_reading;

    static std::optional<baggage_member> made(std::string_view key, std::string value, std::string_view properties) {
        auto normal = detail::normalized_properties(properties);
        if (key.empty() || !detail::all_are(key, detail::is_token_char) || !normal) {
            return std::nullopt;
        }
        return baggage_member{std::string{key}, std::move(value), std::move(*normal)};
    }

    /// With the comma behind it.
    static std::size_t written_size(baggage_member const& m) noexcept {
        std::size_t const properties = m.properties.empty() ? 0 : m.properties.size() + 1;
        return m.key.size() + 1 + detail::percent_encoded_size(m.value) + properties + 1;
    }

    /// False when there is no room.
    bool add(baggage_member member) {
        std::size_t const size = written_size(member);
        if (members_.size() == most_baggage_members || bytes_ + size > longest_baggage + 1) {
            return false;
        }
        members_.push_back(std::move(member));
        bytes_ += size;
        return true;
    }

    std::vector<baggage_member> members_;
    std::size_t bytes_ = 0; // as written, with a comma behind each member
};

/// What a `baggage` field said, and how much of it was of no use.
struct baggage_reading {
    baggage values;
    std::size_t malformed = 0;  ///< members that are none, which were ignored
    std::size_t over_limit = 0; ///< members for which there was no room

    /// Reads a field value of any length; several fields are joined by commas first. Values are percent-decoded; what is then
    /// not UTF-8 becomes U+FFFD. A malformed member is ignored without harm to the others. Linear in the length.
    static baggage_reading of(std::string_view list) {
        baggage_reading found;
        while (!list.empty()) {
            auto properties = detail::trim_ows(detail::take_until(list, ','));
            if (!properties.empty()) {
                found.read_member(properties);
            }
        }
        return found;
    }

  private:
    void read_member(std::string_view properties) {
        bool const ends_early = properties.back() == ';'; // a property must follow
        auto value = detail::take_until(properties, ';');
        bool const has_value = value.find('=') != std::string_view::npos;
        auto const key = detail::trim_ows(detail::take_until(value, '='));
        value = detail::trim_ows(value);
        bool const fits = has_value && !ends_early && detail::all_are(value, detail::is_baggage_char);
        auto member = fits ? baggage::made(key, {}, properties) : std::nullopt;
        if (!member) {
            ++malformed;
            return;
        }
        if (value.size() > longest_baggage) { // decoded it may be shorter, but nobody may send so much
            ++over_limit;
            return;
        }
        member->value = detail::well_formed_utf8(detail::percent_decoded(value));
        over_limit += values.add(std::move(*member)) ? 0U : 1U;
    }
};

} // namespace orfeas::inline v0::trace
