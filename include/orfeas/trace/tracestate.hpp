// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// W3C Trace Context, level 2, section 3.3: the header `tracestate`, in which each tracing system that a request passes
/// keeps one member `key=value`. The newest is in front.

namespace orfeas::inline v0::trace {

inline constexpr std::string_view tracestate_header = "tracestate";

/// The longest `tracestate` that is passed on; longer ones lose whole members (section 3.3.1.5).
inline constexpr std::size_t longest_tracestate = 512;

/// The most members of a `tracestate` (section 3.3.1.1).
inline constexpr std::size_t most_tracestate_members = 32;

namespace detail {

constexpr bool is_ows(char c) noexcept {
    return c == ' ' || c == '\t';
}

/// `text` without the optional white space around it.
constexpr std::string_view trim_ows(std::string_view text) noexcept {
    while (!text.empty() && is_ows(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_ows(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

constexpr bool is_key_start(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
constexpr bool is_key_char(char c) noexcept {
    return is_key_start(c) || c == '_' || c == '-' || c == '*' || c == '/' || c == '@';
}
constexpr bool is_value_char(char c) noexcept {
    return c >= ' ' && c <= '~' && c != ',' && c != '=';
}

constexpr bool all_are(std::string_view text, bool (*is_allowed)(char) noexcept) noexcept {
    for (char const c : text) {
        if (!is_allowed(c)) {
            return false;
        }
    }
    return true;
}

/// What stands before the first `separator`, which is taken off `rest` together with it.
constexpr std::string_view take_until(std::string_view& rest, char separator) noexcept {
    auto const at = rest.find(separator);
    auto const part = rest.substr(0, at);
    rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + 1);
    return part;
}

} // namespace detail

/// Whether `key` can name a member of a `tracestate`: at most 256 of a-z, 0-9, `_`, `-`, `*`, `/`, `@`, the first of them a
/// letter or a digit.
constexpr bool is_tracestate_key(std::string_view key) noexcept {
    return !key.empty() && key.size() <= 256 && detail::is_key_start(key.front()) &&
           detail::all_are(key, detail::is_key_char);
}

/// Whether `value` can stand in a member of a `tracestate`: at most 256 printable ASCII characters without `,` and `=`, the
/// last of them no space.
constexpr bool is_tracestate_value(std::string_view value) noexcept {
    return !value.empty() && value.size() <= 256 && value.back() != ' ' &&
           detail::all_are(value, detail::is_value_char);
}

/// The members of a `tracestate`, in their order, well-formed and within the limits: at most 32 members and 512 characters
/// (513 where a member of one's own is as long as it may be).
/// Thread-compatible (distinct objects).
class tracestate {
  public:
    /// No members.
    tracestate() = default;

    /// Reads a field value; several fields are joined by commas first. Empty members and white space around members are
    /// left out. What is over 512 characters loses members: those above 128 characters first, then from the end.
    /// Nothing when a member is malformed or there are more than 32: the specification wants all of it discarded then.
    static std::optional<tracestate> parse(std::string_view list) {
        members found;
        while (!list.empty()) {
            auto const member = detail::trim_ows(detail::take_until(list, ','));
            if (member.empty()) {
                continue; // allowed, and means nothing
            }
            auto value = member;
            auto const key = detail::take_until(value, '=');
            if (!is_tracestate_key(key) || !is_tracestate_value(value) || !found.add(member)) {
                return std::nullopt;
            }
        }
        found.shorten(0);
        return tracestate{found.joined()};
    }

    /// The members as a field value; empty without any.
    std::string const& text() const& noexcept { return text_; }
    std::string text() && noexcept { return std::move(text_); }

    bool empty() const noexcept { return text_.empty(); }

    /// The value of the member `key`, the first where a foreign system left two.
    std::optional<std::string_view> find(std::string_view key) const noexcept {
        for (std::string_view rest = text_; !rest.empty();) {
            auto value = detail::take_until(rest, ',');
            if (detail::take_until(value, '=') == key) {
                return value;
            }
        }
        return std::nullopt;
    }

    /// Puts `key=value` in front, as the system that changes its member does, in the place of former members of this key.
    /// Where there is no room, others make it, by the rule of `parse`. False, and nothing is changed, when the key or the value
    /// is not of the form that the specification allows.
    bool put(std::string_view key, std::string_view value) {
        if (!is_tracestate_key(key) || !is_tracestate_value(value)) {
            return false;
        }
        std::string const own = std::string{key}.append("=").append(value);
        members all = others(key, most_tracestate_members - 1);
        all.add_in_front(own);
        all.shorten(1);
        text_ = all.joined();
        return true;
    }

    /// Takes out the members of this key; false when there is none.
    bool erase(std::string_view key) {
        std::string remaining = others(key, most_tracestate_members).joined();
        bool const had = remaining.size() != text_.size();
        text_ = std::move(remaining);
        return had;
    }

    friend bool operator==(tracestate const&, tracestate const&) = default;

  private:
    /// Views of members.
    class members {
      public:
        /// False when there is no room.
        bool add(std::string_view member) noexcept {
            if (count_ == list_.size()) {
                return false;
            }
            list_[count_++] = member;
            size_ += member.size() + 1;
            return true;
        }

        /// Only where there is room.
        void add_in_front(std::string_view member) noexcept {
            for (std::size_t i = count_; i > 0; --i) {
                list_[i] = list_[i - 1];
            }
            list_[0] = member;
            ++count_;
            size_ += member.size() + 1;
        }

        /// Leaves out members until the rest is short enough, but none of the first `keep`, as long as there are others.
        void shorten(std::size_t keep) noexcept {
            constexpr std::size_t large = 128;
            while (size_ > longest_tracestate + 1 && count_ > keep) {
                std::size_t place = count_ - 1;
                for (std::size_t i = keep; i < count_; ++i) {
                    place = list_[i].size() > large ? i : place;
                }
                leave_out(place);
            }
        }

        /// The members with commas between them.
        std::string joined() const {
            std::string text;
            text.reserve(size_);
            for (std::size_t i = 0; i < count_; ++i) {
                text.append(i == 0 ? "" : ",").append(list_[i]);
            }
            return text;
        }

      private:
        void leave_out(std::size_t place) noexcept {
            size_ -= list_[place].size() + 1;
            --count_;
            for (; place < count_; ++place) {
                list_[place] = list_[place + 1];
            }
        }

        std::array<std::string_view, most_tracestate_members> list_;
        std::size_t count_ = 0;
        std::size_t size_ = 0; // with a comma behind each
    };

    explicit tracestate(std::string text) noexcept : text_{std::move(text)} {}

    /// The first `most` members that are not of this key.
    members others(std::string_view key, std::size_t most) const noexcept {
        members found;
        std::size_t count = 0;
        for (std::string_view rest = text_; !rest.empty() && count < most;) {
            auto const member = detail::take_until(rest, ',');
            if (member.substr(0, member.find('=')) != key) {
                found.add(member);
                ++count;
            }
        }
        return found;
    }

    std::string text_;
};

/// Checks a `tracestate` value and returns it as it is passed on; see tracestate::parse. Empty when it is malformed.
inline std::optional<std::string> normalize_tracestate(std::string_view list) {
    auto parsed = tracestate::parse(list);
    if (!parsed) {
        return std::nullopt;
    }
    return std::move(*parsed).text();
}

} // namespace orfeas::inline v0::trace
