// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/http/chunk_decoder.hpp>
#include <orfeas/http/client_error.hpp>
#include <orfeas/http/client_response.hpp>
#include <orfeas/http/detail/text.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>

namespace orfeas::inline v0::http {

/// Bounds on what a server may send.
struct response_limits {
    std::size_t header_bytes = 16'384; ///< status line and fields
    std::size_t fields = 128;
    std::uint64_t body_bytes = std::uint64_t{16} << 20;
};

/// Reads answers in HTTP/1.1 and HTTP/1.0 (RFC 9112): status line, fields, and a body whose end is given by
/// Content-Length, by the chunked coding, or by the end of the connection. Interim answers (1xx) are skipped. What could
/// be understood in two ways is refused: a body with both lengths, Content-Length fields that differ, folded lines.
/// Sans-I/O: bytes go in as they come. Complexity: linear over all calls.
/// Thread-compatible (distinct objects).
class response_parser {
  public:
    enum class state { incomplete, complete, refused };

    struct result {
        state outcome;
        std::size_t consumed = 0; ///< of the input; what is not consumed is handed in again, with more behind it
        client_error reason{};    ///< when refused; the connection has no further use
    };

    explicit response_parser(response_limits limits = {}) noexcept : limits_{limits}, chunks_{limits.body_bytes} {}

    /// Begins with the next answer. An answer to HEAD has no body, whatever its fields say.
    void start(bool answers_head) noexcept {
        part_ = part::head;
        answers_head_ = answers_head;
        keeps_alive_ = has_begun_ = false;
        searched_ = 0;
        interim_ = 0;
    }

    /// Takes what has been received. When complete, `into` holds the answer.
    result parse(std::string_view received, client_response& into) {
        std::size_t used = 0;
        has_begun_ = has_begun_ || !received.empty();
        while (part_ == part::head) {
            auto const head = parse_head(received.substr(used), into);
            used += head.consumed;
            if (head.outcome != state::complete) {
                return {head.outcome, used, head.reason};
            }
        }
        auto const body = parse_body(received.substr(used), into);
        return {body.outcome, used + body.consumed, body.reason};
    }

    /// Takes the end of the connection: complete for a body that ends so, else refused.
    result finish() noexcept {
        if (part_ == part::rest || part_ == part::end) {
            part_ = part::end;
            return {state::complete};
        }
        return {state::refused, 0, client_error::closed_early};
    }

    /// Whether a byte of the answer has been seen.
    bool has_begun() const noexcept { return has_begun_; }

    /// Whether the connection may carry another request after the complete answer.
    bool keeps_alive() const noexcept { return keeps_alive_; }

  private:
    enum class part { head, counted, chunks, rest, end };

    static constexpr unsigned most_interim = 16;
    static constexpr std::uint64_t trusted_length = 1 << 20; // reserved before its bytes have come

    static result refuse(client_error why) noexcept { return {state::refused, 0, why}; }

    // ---- the header ----

    result parse_head(std::string_view received, client_response& into) {
        auto const from = std::min(searched_, received.size());
        auto const at = received.find("\r\n\r\n", from);
        bool const is_whole = at != std::string_view::npos;
        if ((is_whole ? at + 4 : received.size()) > limits_.header_bytes) {
            return refuse(client_error::header_too_large);
        }
        if (!may_be_answer(received)) {
            return refuse(client_error::malformed_answer);
        }
        if (!is_whole) {
            searched_ = received.size() < 3 ? 0 : received.size() - 3;
            return {state::incomplete};
        }
        searched_ = 0;
        if (auto const why = read(received.substr(0, at + 4), into)) {
            return refuse(*why);
        }
        if (into.code_ < 200) {
            bool const is_switch = into.code_ == 101; // which nobody has asked for
            return is_switch || ++interim_ > most_interim ? refuse(client_error::malformed_answer)
                                                          : result{state::complete, at + 4};
        }
        if (auto const why = choose_framing(into)) {
            return refuse(*why);
        }
        return {state::complete, at + 4};
    }

    /// Whether the bytes so far can begin an answer: garbage is refused at its first byte.
    static bool may_be_answer(std::string_view received) noexcept {
        constexpr std::string_view prefix = "HTTP/1.";
        auto const common = std::min(prefix.size(), received.size());
        return received.substr(0, common) == prefix.substr(0, common);
    }

    std::optional<client_error> read(std::string_view head, client_response& into) {
        into.head_.assign(head);
        into.fields_.clear();
        into.body_.clear();
        length_.reset();
        is_chunked_ = has_coding_ = closes_ = false;
        std::string_view rest = into.head_;
        rest.remove_suffix(2); // the empty line
        if (!read_status_line(take_line(rest), into)) {
            return client_error::malformed_answer;
        }
        while (!rest.empty()) {
            if (auto const why = read_field(take_line(rest), into)) {
                return why;
            }
        }
        return std::nullopt;
    }

    static std::string_view take_line(std::string_view& rest) noexcept {
        auto const end = rest.find("\r\n");
        auto const line = rest.substr(0, end);
        rest.remove_prefix(end + 2);
        return line;
    }

    /// "HTTP/1.1 200 OK"; the reason may be missing, with or without the space before it.
    bool read_status_line(std::string_view line, client_response& into) noexcept {
        bool const formed = line.size() >= 12 && (line[7] == '0' || line[7] == '1') && line[8] == ' ' &&
                            (line.size() == 12 || line[12] == ' ') && detail::is_field_value(line);
        if (!formed) {
            return false;
        }
        auto const [end, failed] = std::from_chars(line.data() + 9, line.data() + 12, into.code_);
        is_old_ = line[7] == '0';
        return failed == std::errc{} && end == line.data() + 12 && into.code_ >= 100 && into.code_ <= 599;
    }

    std::optional<client_error> read_field(std::string_view line, client_response& into) {
        auto const colon = line.find(':');
        auto const name = line.substr(0, colon);
        if (colon == std::string_view::npos || !detail::is_token(name)) {
            return client_error::malformed_answer;
        }
        auto const value = detail::trimmed(line.substr(colon + 1));
        if (!detail::is_field_value(value)) {
            return client_error::malformed_answer;
        }
        if (into.fields_.size() == limits_.fields) {
            return client_error::header_too_large;
        }
        into.fields_.emplace_back(into.slice_of(name), into.slice_of(value));
        return note(name, value) ? std::nullopt : std::optional{client_error::malformed_answer};
    }

    /// Takes in the fields on which framing depends; false for a malformed one.
    bool note(std::string_view name, std::string_view value) noexcept {
        using detail::equals_ignoring_case;
        if (equals_ignoring_case(name, "content-length")) {
            return read_length(value);
        }
        if (equals_ignoring_case(name, "transfer-encoding")) {
            bool const is_repeated = has_coding_;
            has_coding_ = true;
            is_chunked_ = equals_ignoring_case(value, "chunked");
            return is_chunked_ && !is_repeated; // no other coding was offered
        }
        if (equals_ignoring_case(name, "connection")) {
            closes_ = closes_ || detail::list_holds(value, "close");
        }
        return true;
    }

    bool read_length(std::string_view value) noexcept {
        constexpr std::size_t most_digits = 18; // below 2^63 whatever the digits are
        std::uint64_t length = 0;
        auto const [end, failed] = std::from_chars(value.data(), value.data() + value.size(), length);
        bool const is_number =
            failed == std::errc{} && end == value.data() + value.size() && value.size() <= most_digits;
        bool const is_same = !length_ || *length_ == length;
        length_ = length;
        return is_number && is_same;
    }

    /// Where the body ends (RFC 9112 section 6.3).
    std::optional<client_error> choose_framing(client_response& into) {
        if (is_chunked_ && (length_ || is_old_)) {
            return client_error::malformed_answer;
        }
        keeps_alive_ = !is_old_ && !closes_;
        if (answers_head_ || into.code_ == 204 || into.code_ == 304) {
            part_ = part::end;
        } else if (is_chunked_) {
            part_ = part::chunks;
            chunks_ = chunk_decoder{limits_.body_bytes};
        } else if (length_) {
            if (*length_ > limits_.body_bytes) {
                return client_error::body_too_large;
            }
            part_ = *length_ == 0 ? part::end : part::counted;
            remaining_ = *length_;
            into.body_.reserve(static_cast<std::size_t>(std::min(*length_, trusted_length)));
        } else {
            part_ = part::rest;
            keeps_alive_ = false;
        }
        return std::nullopt;
    }

    // ---- the body ----

    result parse_body(std::string_view received, client_response& into) {
        switch (part_) {
        case part::counted: {
            auto const count = static_cast<std::size_t>(std::min<std::uint64_t>(received.size(), remaining_));
            append(received.substr(0, count), into);
            remaining_ -= count;
            part_ = remaining_ == 0 ? part::end : part_;
            return {remaining_ == 0 ? state::complete : state::incomplete, count};
        }
        case part::chunks:
            return parse_chunks(received, into);
        case part::rest:
            if (received.size() > limits_.body_bytes - into.body_.size()) {
                return refuse(client_error::body_too_large);
            }
            append(received, into);
            return {state::incomplete, received.size()};
        case part::head:
        case part::end:
            break;
        }
        return {state::complete};
    }

    result parse_chunks(std::string_view received, client_response& into) {
        auto const decoded = chunks_.decode(received, into.body_);
        if (decoded.outcome == chunk_decoder::state::refused) {
            return refuse(decoded.reason == refusal::body_too_large ? client_error::body_too_large
                                                                    : client_error::malformed_answer);
        }
        bool const is_whole = decoded.outcome == chunk_decoder::state::complete;
        part_ = is_whole ? part::end : part_;
        return {is_whole ? state::complete : state::incomplete, decoded.consumed};
    }

    static void append(std::string_view received, client_response& into) {
        auto const bytes = std::as_bytes(std::span{received.data(), received.size()});
        into.body_.insert(into.body_.end(), bytes.begin(), bytes.end());
    }

    response_limits limits_;
    chunk_decoder chunks_;
    std::optional<std::uint64_t> length_;
    std::uint64_t remaining_ = 0; // of a counted body
    std::size_t searched_ = 0;    // of a header, for its end
    unsigned interim_ = 0;
    part part_ = part::head;
    bool answers_head_ = false;
    bool is_old_ = false; // HTTP/1.0
    bool is_chunked_ = false;
    bool has_coding_ = false;
    bool closes_ = false;
    bool keeps_alive_ = false;
    bool has_begun_ = false;
};

} // namespace orfeas::inline v0::http
