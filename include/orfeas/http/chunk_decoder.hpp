// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/http/detail/text.hpp>
#include <orfeas/http/refusal.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace orfeas::inline v0::http {

/// Undoes the chunked transfer coding (RFC 9112 section 7.1), strictly: lines end with CRLF, sizes are plain hexadecimal,
/// extensions and trailers are bounded, well-formed and ignored.
/// Sans-I/O: bytes go in as they come, data is appended to the caller's buffer. Complexity: linear.
/// Thread-compatible (distinct objects).
class chunk_decoder {
  public:
    enum class state { incomplete, complete, refused };

    struct result {
        state outcome;
        std::size_t consumed = 0; ///< of the input; the rest belongs to the next request
        refusal reason{};         ///< when refused
    };

    /// Refuses bodies of more than `limit` bytes, before they are taken.
    explicit chunk_decoder(std::uint64_t limit) noexcept : limit_{limit} {}

    result decode(std::string_view input, std::vector<std::byte>& data) {
        std::size_t at = 0;
        while (at < input.size() && part_ != part::end && part_ != part::broken) {
            if (part_ == part::data) {
                at += take_data(input.substr(at), data);
            } else {
                take_char(input[at++], data.size());
            }
        }
        if (part_ == part::broken) {
            return {state::refused, at, reason_};
        }
        return {part_ == part::end ? state::complete : state::incomplete, at};
    }

  private:
    enum class part {
        size,
        extension,
        size_newline,
        data,
        data_return,
        data_newline,
        trailer,
        trailer_newline,
        end,
        broken
    };

    static constexpr std::size_t longest_line = 256;      // of a size with extensions
    static constexpr std::size_t longest_trailers = 4096; // all together
    static constexpr std::size_t most_size_digits = 15;   // below 2^60

    std::size_t take_data(std::string_view input, std::vector<std::byte>& data) {
        auto const count = static_cast<std::size_t>(std::min<std::uint64_t>(input.size(), remaining_));
        auto const bytes = std::as_bytes(std::span{input.data(), count});
        data.insert(data.end(), bytes.begin(), bytes.end());
        remaining_ -= count;
        if (remaining_ == 0) {
            part_ = part::data_return;
        }
        return count;
    }

    void take_char(char c, std::size_t decoded) {
        switch (part_) {
        case part::size:
            return take_size_char(c);
        case part::extension:
            return take_extension_char(c);
        case part::size_newline:
            return c == '\n' ? start_chunk(decoded) : refuse(refusal::malformed_chunk);
        case part::data_return:
            return expect(c, '\r', part::data_newline);
        case part::data_newline:
            return expect(c, '\n', part::size);
        case part::trailer:
            return take_trailer_char(c);
        case part::trailer_newline:
            return end_trailer(c);
        case part::data:
        case part::end:
        case part::broken:
            return;
        }
    }

    void take_size_char(char c) {
        int const digit = detail::hex_value(c);
        if (digit >= 0 && digits_ < most_size_digits) {
            remaining_ = remaining_ * 16 + static_cast<unsigned>(digit);
            ++digits_;
        } else if (digits_ == 0 || digit >= 0) {
            refuse(refusal::malformed_chunk);
        } else if (c == ';') {
            part_ = part::extension;
        } else {
            expect(c, '\r', part::size_newline);
        }
    }

    void take_extension_char(char c) {
        if (c == '\r') {
            part_ = part::size_newline;
        } else if (!detail::is_field_value_char(c) || ++line_ > longest_line) {
            refuse(refusal::malformed_chunk);
        }
    }

    void start_chunk(std::size_t decoded) {
        if (remaining_ > limit_ - std::min<std::uint64_t>(limit_, decoded)) {
            return refuse(refusal::body_too_large);
        }
        part_ = remaining_ == 0 ? part::trailer : part::data;
        digits_ = line_ = 0;
    }

    /// Trailers are read for their grammar only: "name: value" with a token for a name.
    void take_trailer_char(char c) {
        if (++trailers_ > longest_trailers) {
            return refuse(refusal::malformed_chunk);
        }
        if (c == '\r') {
            part_ = line_ == 0 || colon_ ? part::trailer_newline : part::broken;
            reason_ = refusal::malformed_chunk;
            return;
        }
        bool const names_end = c == ':' && !colon_ && line_ > 0;
        if (colon_ || names_end ? !detail::is_field_value_char(c) : !detail::is_token_char(c)) {
            return refuse(refusal::malformed_chunk);
        }
        colon_ = colon_ || names_end;
        ++line_;
    }

    void end_trailer(char c) {
        expect(c, '\n', line_ == 0 ? part::end : part::trailer);
        line_ = 0;
        colon_ = false;
    }

    void expect(char c, char wanted, part next) {
        if (c == wanted) {
            part_ = next;
        } else {
            refuse(refusal::malformed_chunk);
        }
    }

    void refuse(refusal reason) {
        part_ = part::broken;
        reason_ = reason;
    }

    std::uint64_t limit_;
    std::uint64_t remaining_ = 0; // of the size line while it is read, then of the chunk
    std::size_t digits_ = 0;
    std::size_t line_ = 0;
    std::size_t trailers_ = 0;
    part part_ = part::size;
    refusal reason_{};
    bool colon_ = false;
};

} // namespace orfeas::inline v0::http
