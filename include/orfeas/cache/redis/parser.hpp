// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/redis/error.hpp>
#include <orfeas/cache/redis/reply.hpp>
#include <orfeas/core/assert.hpp>

#include <array>
#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace orfeas::inline v0::cache::redis {

/// What a reply may be at most. Nothing is allocated for a length or a count before its bytes are there.
struct reply_limits {
    std::uint32_t depth = 16;                ///< aggregates within aggregates; at most 64
    std::uint32_t values = 4'000'000;        ///< values of one reply, those of its attributes included
    std::uint64_t text_bytes = 512ULL << 20; ///< of one string, and of all strings of a reply together; below 4 GiB
    std::uint32_t line_bytes = 65'536;       ///< of a simple string, an error or a big number
};

/// What the parser came to.
enum class parse_state : std::uint8_t {
    need_more, ///< the reply goes on; give it what was not consumed, followed by more
    reply,     ///< one reply is complete
    push,      ///< one push is complete
    malformed, ///< the bytes are not RESP3: the stream is of no more use
    too_large, ///< a limit is exceeded: the stream is of no more use
};

/// How far the parser came.
struct parse_result {
    parse_state state;
    std::size_t consumed; ///< bytes that are done with
};

/// Reads RESP3 (and the nulls of RESP2) in pieces cut anywhere. Of the bytes that it is given it consumes what makes whole
/// values, and the beginning of a long string, so the caller keeps a short tail and never a whole reply. Each value goes
/// to the response at once. Attributes are read and left out. Streamed strings and aggregates, which no server sends, are
/// malformed. O(bytes); a reply of one string takes one copy of it.
/// Thread-compatible (distinct objects).
class parser {
  public:
    explicit parser(reply_limits limits = {}) noexcept : limits_{limits} {
        ORFEAS_ASSERT(limits.depth <= deepest, "a reply is at most 64 deep");
        ORFEAS_ASSERT(limits.text_bytes <= std::numeric_limits<std::uint32_t>::max(), "texts are below 4 GiB");
    }

    /// Reads up to the end of one reply or push. A reply is appended to `to`, a push to `pushed`; null drops it. `to` may
    /// become null in the midst of a reply, when nobody wants it any more, but not another one. After malformed or
    /// too_large call only `reset`.
    parse_result parse(std::string_view bytes, response* to, response* pushed) {
        at_ = bytes.data();
        end_ = bytes.data() + bytes.size();
        pushed_ = pushed;
        take_sink(is_push_ ? pushed : to);
        step done = step::value;
        while (done == step::value) {
            done = in_text_ ? read_text() : read_value();
        }
        return {state_of(done), static_cast<std::size_t>(at_ - bytes.data())};
    }

    /// Forgets what was begun, for a new stream.
    void reset() noexcept {
        depth_ = 0;
        skipped_ = 0;
        scanned_ = 0;
        in_text_ = false;
        is_push_ = false;
        is_within_ = false;
    }

    /// Whether a reply has begun and is not complete.
    bool is_within() const noexcept { return is_within_; }

  private:
    enum class step : std::uint8_t { value, need_more, complete, malformed, too_large };

    struct frame {
        std::uint64_t missing;
        std::uint32_t node;
        bool is_attribute;
    };

    static constexpr std::size_t deepest = 64;
    static constexpr std::size_t longest_number = 21; // a sign and 20 digits

    void take_sink(response* to) { to_ = to != nullptr ? to->storage() : nullptr; }

    bool is_kept() const noexcept { return to_ != nullptr && skipped_ == 0; }

    parse_state state_of(step done) noexcept {
        switch (done) {
        case step::complete:
            return std::exchange(is_push_, false) ? parse_state::push : parse_state::reply;
        case step::malformed:
            return parse_state::malformed;
        case step::too_large:
            return parse_state::too_large;
        default:
            return parse_state::need_more;
        }
    }

    // ---- one value: either all of it is consumed, or nothing, except of a long string ----

    step read_value() {
        if (at_ == end_) {
            return step::need_more;
        }
        if (!is_within_) {
            is_within_ = true;
            values_ = 0;
            text_bytes_ = 0;
        }
        switch (*at_) {
        case '$':
            return read_string(kind::blob_string);
        case '=':
            return read_string(kind::verbatim_string);
        case '!':
            return read_string(kind::error);
        case '+':
            return read_line(kind::simple_string);
        case '-':
            return read_line(kind::error);
        case '(':
            return read_line(kind::big_number);
        case ',':
            return read_line(kind::real);
        case ':':
            return read_number();
        case '#':
            return read_boolean();
        case '_':
            return read_null();
        case '*':
            return read_aggregate(kind::array, 1);
        case '~':
            return read_aggregate(kind::set, 1);
        case '%':
            return read_aggregate(kind::map, 2);
        case '|':
            return read_attribute();
        case '>':
            return read_push();
        default:
            return step::malformed;
        }
    }

    /// The length or count after the sign. Moves `from` behind CR LF.
    step read_count(char const*& from, std::int64_t& count) const noexcept {
        char const* digit = from;
        bool const is_negative = digit != end_ && *digit == '-';
        digit += is_negative ? 1 : 0;
        char const* const first = digit;
        std::uint64_t sum = 0;
        for (; digit != end_ && *digit >= '0' && *digit <= '9'; ++digit) {
            if (digit - first >= 10) { // no length that is allowed has more digits
                return step::too_large;
            }
            sum = sum * 10 + static_cast<std::uint64_t>(*digit - '0');
        }
        if (digit == end_) {
            return step::need_more;
        }
        if (digit == first || *digit != '\r' || (is_negative && (sum != 1 || digit - first != 1))) {
            return step::malformed;
        }
        if (digit + 1 == end_) {
            return step::need_more;
        }
        if (digit[1] != '\n') {
            return step::malformed;
        }
        from = digit + 2;
        count = is_negative ? -1 : static_cast<std::int64_t>(sum);
        return step::value;
    }

    /// The line after the sign, without CR LF. Moves `from` behind it. Remembers how far it has looked.
    step read_to_line_end(char const*& from, std::string_view& line, std::size_t most) noexcept {
        auto const have = static_cast<std::size_t>(end_ - from);
        auto const near = have < most + 1 ? have : most + 1; // the CR is among these, or the line is too long
        auto const looked = scanned_ < near ? scanned_ : near;
        auto const* const found = static_cast<char const*>(std::memchr(from + looked, '\r', near - looked));
        auto const length = found == nullptr ? near : static_cast<std::size_t>(found - from);
        if (std::memchr(from + looked, '\n', length - looked) != nullptr) {
            return step::malformed;
        }
        if (found == nullptr && have > most) {
            return step::too_large;
        }
        scanned_ = length;
        if (found == nullptr || found + 1 == end_) {
            return step::need_more;
        }
        scanned_ = 0;
        if (found[1] != '\n') {
            return step::malformed;
        }
        line = {from, length};
        from = found + 2;
        return step::value;
    }

    step read_string(kind type) {
        char const* from = at_ + 1;
        std::int64_t length = 0;
        if (auto const done = read_count(from, length); done != step::value) {
            return done;
        }
        if (length < 0) { // a null of RESP2
            return type == kind::blob_string ? add_scalar(from, kind::null, 0) : step::malformed;
        }
        auto const bytes = static_cast<std::uint64_t>(length);
        if (bytes > limits_.text_bytes - text_bytes_) {
            return step::too_large;
        }
        if (type == kind::verbatim_string) {
            if (bytes < format_bytes) {
                return step::malformed;
            }
            if (static_cast<std::size_t>(end_ - from) < format_bytes) {
                return step::need_more;
            }
            if (from[format_bytes - 1] != ':') {
                return step::malformed;
            }
            from += format_bytes;
        }
        if (!take_value()) {
            return step::too_large;
        }
        missing_ = type == kind::verbatim_string ? bytes - format_bytes : bytes;
        text_bytes_ += missing_;
        if (is_kept()) {
            to_->nodes.push_back({to_->text.size(), static_cast<std::uint32_t>(missing_), 1, type});
        }
        at_ = from;
        in_text_ = true;
        return read_text();
    }

    /// The bytes of a string, as far as they are there, and the CR LF after them.
    step read_text() {
        auto const have = static_cast<std::size_t>(end_ - at_);
        auto const bytes = missing_ < have ? static_cast<std::size_t>(missing_) : have;
        if (is_kept()) {
            to_->text.append({at_, bytes});
        }
        at_ += bytes;
        missing_ -= bytes;
        auto const rest = static_cast<std::size_t>(end_ - at_);
        if (missing_ != 0 || rest < 2) {
            return rest == 1 && *at_ != '\r' ? step::malformed : step::need_more;
        }
        if (at_[0] != '\r' || at_[1] != '\n') {
            return step::malformed;
        }
        at_ += 2;
        in_text_ = false;
        return end_of_value();
    }

    step read_line(kind type) {
        char const* from = at_ + 1;
        std::string_view line;
        std::size_t const most = type == kind::real ? longest_real : limits_.line_bytes;
        if (auto const done = read_to_line_end(from, line, most); done != step::value) {
            return done;
        }
        if (type == kind::real) {
            auto const value = real_of(line);
            return value ? add_scalar(from, type, std::bit_cast<std::uint64_t>(*value)) : step::malformed;
        }
        if (type == kind::big_number && !is_whole_number(line)) {
            return step::malformed;
        }
        if (line.size() > limits_.text_bytes - text_bytes_ || !take_value()) {
            return step::too_large;
        }
        text_bytes_ += line.size();
        if (is_kept()) {
            to_->nodes.push_back({to_->text.size(), static_cast<std::uint32_t>(line.size()), 1, type});
            to_->text.append(line);
        }
        at_ = from;
        return end_of_value();
    }

    step read_number() {
        char const* from = at_ + 1;
        std::string_view line;
        if (auto const done = read_to_line_end(from, line, longest_number); done != step::value) {
            return done == step::too_large ? step::malformed : done;
        }
        if (line.starts_with('+')) {
            line.remove_prefix(line.starts_with("+-") ? 0
                                                      : 1); // from_chars takes no plus, and both signs are one too many
        }
        std::int64_t value = 0;
        auto const [rest, failed] = std::from_chars(line.data(), line.data() + line.size(), value);
        if (failed != std::errc{} || rest != line.data() + line.size()) {
            return step::malformed;
        }
        return add_scalar(from, kind::number, static_cast<std::uint64_t>(value));
    }

    step read_boolean() {
        char const* from = at_ + 1;
        std::string_view line;
        if (auto const done = read_to_line_end(from, line, 1); done != step::value) {
            return done == step::too_large ? step::malformed : done;
        }
        return line == "t" || line == "f" ? add_scalar(from, kind::boolean, line == "t" ? 1 : 0) : step::malformed;
    }

    step read_null() {
        char const* from = at_ + 1;
        std::string_view line;
        if (auto const done = read_to_line_end(from, line, 0); done != step::value) {
            return done == step::too_large ? step::malformed : done;
        }
        return add_scalar(from, kind::null, 0);
    }

    step read_aggregate(kind type, std::uint64_t elements_each) {
        char const* from = at_ + 1;
        std::int64_t count = 0;
        if (auto const done = read_count(from, count); done != step::value) {
            return done;
        }
        if (count < 0) { // a null of RESP2
            return type == kind::array ? add_scalar(from, kind::null, 0) : step::malformed;
        }
        if (type == kind::push && count == 0) {
            return step::malformed; // a push has its kind
        }
        auto const elements = static_cast<std::uint64_t>(count) * elements_each;
        if (elements > limits_.values - values_ || depth_ == limits_.depth || !take_value()) {
            return step::too_large;
        }
        at_ = from;
        std::uint32_t node = 0;
        if (is_kept()) {
            node = static_cast<std::uint32_t>(to_->nodes.size());
            to_->nodes.push_back({0, static_cast<std::uint32_t>(elements), 1, type});
        }
        if (elements == 0) {
            return end_of_value();
        }
        open_[depth_++] = {elements, node, false};
        return step::value;
    }

    step read_push() {
        if (depth_ != 0) { // pushes come between replies, not within
            return step::malformed;
        }
        is_push_ = true;
        take_sink(pushed_);
        return read_aggregate(kind::push, 1);
    }

    step read_attribute() {
        char const* from = at_ + 1;
        std::int64_t count = 0;
        if (auto const done = read_count(from, count); done != step::value) {
            return done;
        }
        if (count < 0) {
            return step::malformed;
        }
        auto const elements = static_cast<std::uint64_t>(count) * 2;
        if (elements > limits_.values - values_ || depth_ == limits_.depth || !take_value()) {
            return step::too_large;
        }
        at_ = from;
        if (elements > 0) {
            open_[depth_++] = {elements, 0, true};
            ++skipped_;
        }
        return step::value;
    }

    step add_scalar(char const* from, kind type, std::uint64_t value) {
        if (!take_value()) {
            return step::too_large;
        }
        if (is_kept()) {
            to_->nodes.push_back({value, 0, 1, type});
        }
        at_ = from;
        return end_of_value();
    }

    bool take_value() noexcept {
        if (values_ == limits_.values) {
            return false;
        }
        ++values_;
        return true;
    }

    /// Closes the aggregates whose last element this was.
    step end_of_value() noexcept {
        while (depth_ > 0) {
            frame& top = open_[depth_ - 1];
            if (--top.missing > 0) {
                return step::value;
            }
            --depth_;
            if (top.is_attribute) {
                --skipped_;
                return step::value; // what the attribute belongs to comes next
            }
            if (is_kept()) {
                auto& nodes = to_->nodes;
                nodes[top.node].span = static_cast<std::uint32_t>(nodes.size()) - top.node;
            }
        }
        is_within_ = false;
        if (to_ != nullptr) {
            ++to_->replies;
        }
        return step::complete;
    }

    static bool is_whole_number(std::string_view line) noexcept {
        line.remove_prefix(line.starts_with('-') || line.starts_with('+') ? 1 : 0);
        return !line.empty() && line.find_first_not_of("0123456789") == std::string_view::npos;
    }

    static std::optional<double> real_of(std::string_view line) noexcept {
        bool const has_plus = line.starts_with('+');
        line.remove_prefix(has_plus ? 1 : 0);
        if (line.empty() || (has_plus && line.front() == '-')) {
            return std::nullopt;
        }
        double value = 0;
        auto const [rest, failed] = std::from_chars(line.data(), line.data() + line.size(), value);
        if (failed != std::errc{} || rest != line.data() + line.size()) {
            return std::nullopt;
        }
        return value;
    }

    static constexpr std::uint64_t format_bytes = 4; // "txt:"
    static constexpr std::size_t longest_real = 512;

    reply_limits limits_;
    detail::reply_storage* to_ = nullptr; // these four are valid during `parse`
    response* pushed_ = nullptr;
    char const* at_ = nullptr;
    char const* end_ = nullptr;
    std::uint64_t missing_ = 0;    // bytes of the string
    std::uint64_t text_bytes_ = 0; // of the reply
    std::size_t scanned_ = 0;      // bytes of an unfinished line that hold no CR
    std::uint32_t values_ = 0;     // of the reply
    std::uint32_t depth_ = 0;
    std::uint32_t skipped_ = 0; // attributes open
    bool in_text_ = false;
    bool is_push_ = false;
    bool is_within_ = false;
    std::array<frame, deepest> open_;
};

} // namespace orfeas::inline v0::cache::redis
