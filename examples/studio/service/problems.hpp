// SPDX-License-Identifier: MIT
#pragma once

#include "pipeline/picture_error.hpp"

#include <orfeas/core/error.hpp>
#include <orfeas/http.hpp>

#include <string_view>

/// What goes wrong in the studio, as documents for its clients (RFC 9457).

namespace studio {

/// The status for a picture that is refused: too large, not a picture at all, or one that cannot be used.
constexpr orfeas::http::status status_of(picture_error code) noexcept {
    using orfeas::http::status;
    switch (code) {
    case picture_error::empty:
        return status::bad_request;
    case picture_error::too_many_bytes:
    case picture_error::too_many_pixels:
    case picture_error::side_out_of_range:
        return status::content_too_large;
    case picture_error::not_a_picture:
    case picture_error::unsupported:
        return status::unsupported_media_type;
    case picture_error::truncated:
    case picture_error::corrupt:
    case picture_error::too_elongated:
        return status::unprocessable_content;
    }
    return status::bad_request;
}

inline orfeas::http::problem problem_of(bad_picture const& error) {
    return orfeas::http::problem{status_of(error.code())}.detail(error.what()).field("body").allowed(error.allowed());
}

inline orfeas::http::problem problem_of(orfeas::option_error const& error) {
    return orfeas::http::problem{orfeas::http::status::bad_request}
        .detail(error.what())
        .field(error.field())
        .allowed(error.allowed());
}

/// The service has no room at present, and will have again soon.
inline orfeas::http::problem busy(std::string_view why) {
    return orfeas::http::problem{orfeas::http::status::service_unavailable}.detail(why).set("retry-after", "1");
}

} // namespace studio
