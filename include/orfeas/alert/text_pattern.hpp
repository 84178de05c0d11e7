// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::alert {

/// A pattern for whole texts: the part of regular expressions that label matchers are written in. Alternatives with `|`,
/// also in groups `(a|b)`; `.` for one character, `.*` for any text, `.+` for any but the empty one; a backslash makes the
/// next character a plain one. It means what Prometheus and Alertmanager (RE2) mean by it; what else RE2 has (classes,
/// counts, `?`, stars of other things) is refused.
/// Matching is linear in pattern times text. Thread-compatible (distinct objects).
class text_pattern {
  public:
    /// Throws std::invalid_argument, which says where, for what is not part of the above.
    explicit text_pattern(std::string_view source) : source_{source} {
        std::size_t at = 0;
        alternatives_ = parse_alternatives(at, 0);
        if (at != source_.size()) {
            refuse(at, "a ')' without its '('");
        }
    }

    std::string const& source() const noexcept { return source_; }

    /// Whether the whole text is as the pattern says.
    bool matches(std::string_view text) const noexcept {
        for (auto const& each : alternatives_) {
            if (matches(each, text)) {
                return true;
            }
        }
        return false;
    }

    friend bool operator==(text_pattern const& a, text_pattern const& b) noexcept { return a.source_ == b.source_; }

  private:
    static constexpr std::size_t most_alternatives = 1'000;
    static constexpr std::size_t deepest = 20;

    enum class piece_kind : unsigned char { plain, any_one, any_text };
    struct piece {
        piece_kind kind;
        char character;
    };
    using sequence = std::vector<piece>;

    [[noreturn]] void refuse(std::size_t at, std::string_view what) const {
        throw std::invalid_argument{"pattern '" + source_ + "', character " + std::to_string(at + 1) + ": " +
                                    std::string{what}};
    }

    /// Groups are multiplied out: (a|b)c is ac|bc.
    std::vector<sequence> parse_alternatives(std::size_t& at, std::size_t depth) {
        if (depth > deepest) {
            refuse(at, "too many '(' within one another");
        }
        std::vector<sequence> all;
        std::vector<sequence> now{{}};
        for (; at < source_.size() && source_[at] != ')'; ++at) {
            char const c = source_[at];
            if (c == '|') {
                all.insert(all.end(), now.begin(), now.end());
                now.assign(1, {});
            } else if (c == '(') {
                std::size_t const begin = at++;
                at += source_.compare(at, 2, "?:") == 0 ? 2U : 0U;
                auto const inner = parse_alternatives(at, depth + 1);
                if (at == source_.size()) {
                    refuse(begin, "a '(' without its ')'");
                }
                now = product(now, inner, begin);
            } else {
                auto const pieces = parse_pieces(at);
                for (auto& each : now) {
                    each.insert(each.end(), pieces.begin(), pieces.end());
                }
            }
        }
        all.insert(all.end(), now.begin(), now.end());
        return all;
    }

    /// One plain character, `.`, `.*` or `.+`; `at` is left at its last character.
    sequence parse_pieces(std::size_t& at) const {
        char const c = source_[at];
        char const next = at + 1 < source_.size() ? source_[at + 1] : '\0';
        if (c == '.' && (next == '*' || next == '+')) {
            ++at;
            return next == '*' ? sequence{{piece_kind::any_text, 0}}
                               : sequence{{piece_kind::any_one, 0}, {piece_kind::any_text, 0}};
        }
        if (c == '.') {
            return {{piece_kind::any_one, 0}};
        }
        if (c == '\\') {
            bool const is_escape =
                next != '\0' && std::string_view{".\\|()[]{}*+?^$-/\"'"}.find(next) != std::string_view::npos;
            if (!is_escape) {
                refuse(at, "a backslash before what is not a special character");
            }
            ++at;
            return {{piece_kind::plain, next}};
        }
        if (std::string_view{"[]{}*+?^$"}.find(c) != std::string_view::npos) {
            refuse(at, "only '|', '( )', '.', '.*' and '.+' are known here; put '\\' before a plain character");
        }
        return {{piece_kind::plain, c}};
    }

    std::vector<sequence> product(std::vector<sequence> const& first, std::vector<sequence> const& second,
                                  std::size_t at) const {
        if (first.size() * second.size() > most_alternatives) {
            refuse(at, "too many alternatives");
        }
        std::vector<sequence> made;
        for (auto const& front : first) {
            for (auto const& back : second) {
                made.push_back(front);
                made.back().insert(made.back().end(), back.begin(), back.end());
            }
        }
        return made;
    }

    /// Greedy, going back to the last `any_text` alone, which is enough. A character of UTF-8 is passed over whole.
    static bool matches(sequence const& wanted, std::string_view text) noexcept {
        constexpr auto none = static_cast<std::size_t>(-1);
        std::size_t p = 0;
        std::size_t t = 0;
        std::size_t star = none;
        std::size_t star_text = 0;
        while (t < text.size()) {
            if (p < wanted.size() && wanted[p].kind == piece_kind::any_text) {
                star = p++;
                star_text = t;
            } else if (p < wanted.size() && wanted[p].kind == piece_kind::any_one && text[t] != '\n') {
                ++p;
                t = after_character(text, t);
            } else if (p < wanted.size() && wanted[p].kind == piece_kind::plain && wanted[p].character == text[t]) {
                ++p;
                ++t;
            } else if (star != none && text[star_text] != '\n') { // as in RE2, a dot is any character but a line feed
                p = star + 1;
                star_text = after_character(text, star_text);
                t = star_text;
            } else {
                return false;
            }
        }
        while (p < wanted.size() && wanted[p].kind == piece_kind::any_text) {
            ++p;
        }
        return p == wanted.size();
    }

    static std::size_t after_character(std::string_view text, std::size_t at) noexcept {
        ++at;
        while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) {
            ++at;
        }
        return at;
    }

    std::string source_;
    std::vector<sequence> alternatives_;
};

} // namespace orfeas::inline v0::alert
