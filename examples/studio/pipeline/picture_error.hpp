// SPDX-License-Identifier: MIT
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace studio {

/// Why the bytes of a picture are refused. Each value has one sentence (`describe`).
enum class picture_error {
    empty = 1,         ///< no bytes at all
    too_many_bytes,    ///< the file is larger than allowed
    not_a_picture,     ///< the first bytes belong to no known format
    truncated,         ///< the file ends before the picture does
    corrupt,           ///< the file contradicts its format (checksum, code, number)
    unsupported,       ///< a legal file of a kind that is not decoded
    side_out_of_range, ///< width or height
    too_many_pixels,   ///< width times height
    too_elongated,     ///< longer side over shorter side
};

/// The sentence of each value.
constexpr std::string_view describe(picture_error e) noexcept {
    switch (e) {
    case picture_error::empty:
        return "the picture has no bytes";
    case picture_error::too_many_bytes:
        return "the picture has more bytes than allowed";
    case picture_error::not_a_picture:
        return "the bytes are no picture of a known format";
    case picture_error::truncated:
        return "the picture ends before its last row";
    case picture_error::corrupt:
        return "the picture is damaged";
    case picture_error::unsupported:
        return "the picture is of a kind that is not decoded";
    case picture_error::side_out_of_range:
        return "the picture's width or height is out of range";
    case picture_error::too_many_pixels:
        return "the picture has more pixels than allowed";
    case picture_error::too_elongated:
        return "the picture is too elongated";
    }
    return "unknown picture error";
}

/// A picture that cannot be used. `what()` is one sentence with what was found and what is allowed.
class bad_picture : public std::runtime_error {
  public:
    bad_picture(picture_error code, std::string found, std::string allowed)
        : std::runtime_error{sentence(code, found, allowed)},
          code_{code},
          found_{std::move(found)},
          allowed_{std::move(allowed)} {}

    picture_error code() const noexcept { return code_; }
    std::string const& found() const noexcept { return found_; }     ///< what the picture is or has
    std::string const& allowed() const noexcept { return allowed_; } ///< what it may be or have

  private:
    static std::string sentence(picture_error code, std::string_view found, std::string_view allowed) {
        std::string text{describe(code)};
        text.append(": ").append(found).append("; allowed: ").append(allowed);
        return text;
    }

    picture_error code_;
    std::string found_;
    std::string allowed_;
};

} // namespace studio
