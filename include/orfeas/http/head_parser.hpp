// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/http/detail/text.hpp>
#include <orfeas/http/refusal.hpp>
#include <orfeas/http/request.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace orfeas::inline v0::http {

/// Bounds on what a peer may send before it is known to mean well.
struct head_limits {
    std::size_t header_bytes = 8192; ///< request line and fields
    std::size_t target_bytes = 2048; ///< path and query
    std::size_t fields = 64;
};

/// Reads the request line and header fields of HTTP/1 requests by the letter of RFC 9112, and nothing more lenient:
/// what two parsers could understand in two ways is refused, so that no proxy in front can be played against this server
/// (request smuggling, RFC 9112 section 11.2). Stricter than the RFC in three points: a target in absolute form, a
/// repeated Content-Length of equal value and a missing Host in HTTP/1.0 are refused too.
/// Sans-I/O: the caller hands in what it has read so far. Complexity: linear in the header, over all calls.
/// Thread-compatible (distinct objects).
class head_parser {
  public:
    enum class state { incomplete, complete, refused };

    struct result {
        state outcome;
        std::size_t bytes = 0; ///< of the header with its empty line, when complete
        refusal reason{};      ///< when refused; the connection has no further use
    };

    explicit head_parser(head_limits limits = {}) noexcept : limits_{limits} {}

    /// Looks at all bytes read since the last complete header. When complete, `into` holds the request, without body.
    result parse(std::string_view received, request& into) {
        std::size_t const skipped = received.starts_with("\r\n") ? 2 : 0; // RFC 9112 section 2.2
        received.remove_prefix(skipped);
        if (received == "\r") {
            return {state::incomplete};
        }
        auto const unseen = searched_;
        auto const end = find_end(received);
        if (end == std::string_view::npos && has_bare_newline(received, unseen)) {
            return {state::refused, 0, refusal::malformed_field}; // its sender would wait for ever
        }
        if (auto const early = refuse_early(received, end)) {
            return {state::refused, 0, *early};
        }
        if (end == std::string_view::npos) {
            return {state::incomplete};
        }
        searched_ = 0;
        if (auto const reason = read(received.substr(0, end), into)) {
            return {state::refused, 0, *reason};
        }
        return {state::complete, skipped + end};
    }

  private:
    using maybe_refusal = std::optional<refusal>;

    /// One past the empty line, or npos; the next call does not look at the same bytes again.
    std::size_t find_end(std::string_view received) noexcept {
        auto const at = received.find("\r\n\r\n", searched_);
        if (at != std::string_view::npos) {
            return at + 4;
        }
        searched_ = received.size() < 3 ? 0 : received.size() - 3;
        return at;
    }

    /// What is known to be wrong before the header is complete: limits, and bytes that start no request.
    maybe_refusal refuse_early(std::string_view received, std::size_t end) const noexcept {
        auto const line = received.substr(0, received.find("\r\n"));
        if (!received.empty() && !detail::is_token_char(received.front())) {
            return refusal::malformed_request_line;
        }
        if (line.size() > limits_.target_bytes + longest_method + version_size) {
            return refusal::target_too_long;
        }
        if (std::min(end, received.size()) > limits_.header_bytes) {
            return refusal::header_too_large;
        }
        return std::nullopt;
    }

    static bool has_bare_newline(std::string_view text, std::size_t from) noexcept {
        for (auto at = text.find('\n', from); at != std::string_view::npos; at = text.find('\n', at + 1)) {
            if (at == 0 || text[at - 1] != '\r') {
                return true;
            }
        }
        return false;
    }

    maybe_refusal read(std::string_view head, request& into) {
        into.head_.assign(head);
        into.method_ = into.target_ = into.host_ = {};
        into.fields_.clear();
        into.path_parameters_.clear();
        into.body_ = {};
        into.content_length_.reset();
        into.is_chunked_ = into.expects_continue_ = false;
        seen_ = {};
        std::string_view rest = into.head_;
        rest.remove_suffix(2); // the empty line
        if (auto const reason = read_request_line(take_line(rest), into)) {
            return reason;
        }
        while (!rest.empty()) {
            if (auto const reason = read_field(take_line(rest), into)) {
                return reason;
            }
        }
        return check_whole(into);
    }

    static std::string_view take_line(std::string_view& rest) noexcept {
        auto const end = rest.find("\r\n");
        auto const line = rest.substr(0, end);
        rest.remove_prefix(end + 2);
        return line;
    }

    maybe_refusal read_request_line(std::string_view line, request& into) const {
        auto const method = detail::take_part(line, ' ');
        auto const target = detail::take_part(line, ' ');
        if (!detail::is_token(method) || target.empty()) {
            return refusal::malformed_request_line;
        }
        if (target.size() > limits_.target_bytes) {
            return refusal::target_too_long;
        }
        if (auto const reason = read_version(line, into)) {
            return reason;
        }
        if (!is_known_method(method)) {
            return refusal::unsupported_method;
        }
        if (!is_origin_form(target) && !(method == "OPTIONS" && target == "*")) {
            return refusal::malformed_target;
        }
        into.method_ = into.slice_of(method);
        into.target_ = into.slice_of(target);
        return std::nullopt;
    }

    static maybe_refusal read_version(std::string_view text, request& into) noexcept {
        bool const formed = text.size() == 8 && text.starts_with("HTTP/") && detail::is_digit(text[5]) &&
                            text[6] == '.' && detail::is_digit(text[7]);
        if (!formed) {
            return refusal::malformed_request_line;
        }
        if (text != "HTTP/1.1" && text != "HTTP/1.0") {
            return refusal::unsupported_version;
        }
        into.minor_version_ = text[7] == '1' ? 1 : 0;
        into.keeps_alive_ = into.minor_version_ == 1;
        return std::nullopt;
    }

    static bool is_known_method(std::string_view method) noexcept {
        for (std::string_view const known : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
            if (method == known) {
                return true;
            }
        }
        return false;
    }

    static bool is_origin_form(std::string_view target) noexcept {
        if (target.front() != '/') {
            return false;
        }
        for (char const c : target) {
            if (c <= ' ' || c > '~' || c == '#') {
                return false;
            }
        }
        return detail::is_percent_encoded(target);
    }

    maybe_refusal read_field(std::string_view line, request& into) {
        if (line.starts_with(' ') || line.starts_with('\t')) {
            return refusal::folded_field;
        }
        auto const colon = line.find(':');
        auto const name = line.substr(0, colon);
        if (colon == std::string_view::npos || !detail::is_token(name)) {
            return refusal::malformed_field;
        }
        auto const value = detail::trimmed(line.substr(colon + 1));
        if (!detail::is_field_value(value)) {
            return refusal::malformed_field;
        }
        if (into.fields_.size() == limits_.fields) {
            return refusal::too_many_fields;
        }
        into.fields_.emplace_back(into.slice_of(name), into.slice_of(value));
        return note(name, value, into);
    }

    /// Takes in the fields on which framing depends.
    maybe_refusal note(std::string_view name, std::string_view value, request& into) {
        using detail::equals_ignoring_case;
        if (equals_ignoring_case(name, "host")) {
            into.host_ = into.slice_of(value);
            return std::exchange(seen_.host, true) ? maybe_refusal{refusal::repeated_host} : std::nullopt;
        }
        if (equals_ignoring_case(name, "content-length")) {
            return read_content_length(value, into);
        }
        if (equals_ignoring_case(name, "transfer-encoding")) {
            return read_transfer_encoding(value, into);
        }
        if (equals_ignoring_case(name, "expect")) {
            into.expects_continue_ = equals_ignoring_case(value, "100-continue");
            return into.expects_continue_ ? std::nullopt : maybe_refusal{refusal::expectation_failed};
        }
        if (equals_ignoring_case(name, "connection")) {
            into.keeps_alive_ = into.keeps_alive_ && !detail::list_holds(value, "close");
        }
        return std::nullopt;
    }

    maybe_refusal read_content_length(std::string_view value, request& into) noexcept {
        constexpr std::size_t most_digits = 18; // below 2^63 whatever the digits are
        std::uint64_t length = 0;
        auto const [end, failed] = std::from_chars(value.data(), value.data() + value.size(), length);
        bool const whole = failed == std::errc{} && end == value.data() + value.size();
        if (!whole || value.size() > most_digits || into.content_length_) {
            return refusal::malformed_content_length;
        }
        into.content_length_ = length;
        return std::nullopt;
    }

    maybe_refusal read_transfer_encoding(std::string_view value, request& into) noexcept {
        if (std::exchange(seen_.transfer_encoding, true)) {
            return refusal::malformed_transfer_encoding;
        }
        std::size_t chunked = 0;
        std::size_t codings = 0;
        bool last_is_chunked = false;
        while (!value.empty()) {
            last_is_chunked = detail::equals_ignoring_case(detail::trimmed(detail::take_part(value, ',')), "chunked");
            chunked += last_is_chunked ? 1 : 0;
            ++codings;
        }
        if (!last_is_chunked || chunked != 1) {
            return refusal::malformed_transfer_encoding;
        }
        if (codings != 1) {
            return refusal::unsupported_transfer_coding;
        }
        into.is_chunked_ = true;
        return std::nullopt;
    }

    /// What depends on several fields.
    maybe_refusal check_whole(request const& into) const noexcept {
        if (!seen_.host) {
            return refusal::missing_host;
        }
        if (into.is_chunked_ && (into.content_length_ || into.minor_version_ == 0)) {
            return refusal::conflicting_framing;
        }
        return std::nullopt;
    }

    static constexpr std::size_t longest_method = 16;
    static constexpr std::size_t version_size = 10; // " HTTP/1.1" and a space

    struct seen_fields {
        bool host = false;
        bool transfer_encoding = false;
    };

    head_limits limits_;
    seen_fields seen_;
    std::size_t searched_ = 0;
};

/// Makes a request without a connection, for tests and for calls within the process. The parts must be well-formed.
/// A Host of "localhost" is added when there is none.
inline request make_request(std::string_view method, std::string_view target,
                            std::initializer_list<std::pair<std::string_view, std::string_view>> header = {},
                            std::string content = {}) {
    std::string head;
    bool host = false;
    head.append(method).append(" ").append(target).append(" HTTP/1.1\r\n");
    for (auto const& [name, value] : header) {
        head.append(name).append(": ").append(value).append("\r\n");
        host = host || detail::equals_ignoring_case(name, "host");
    }
    head.append(host ? "\r\n" : "Host: localhost\r\n\r\n");
    request made;
    [[maybe_unused]] auto const parsed = head_parser{}.parse(head, made);
    ORFEAS_ASSERT(parsed.outcome == head_parser::state::complete, "the parts must form one request header");
    if (!content.empty()) {
        made.set_body(shared_bytes::of(std::make_shared<std::string const>(std::move(content))));
    }
    return made;
}

} // namespace orfeas::inline v0::http
