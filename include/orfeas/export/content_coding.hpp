// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace orfeas::inline v0::exporting {

/// How the bodies of requests are coded for the way, and by what: `{"gzip", net::gzip}`. Empty: they go as they are.
struct content_coding {
    std::string_view name{};                        ///< of RFC 9110, 8.4.1; a literal
    std::string (*encode)(std::string_view body){}; ///< may throw std::bad_alloc

    explicit operator bool() const noexcept { return encode != nullptr; }
};

} // namespace orfeas::inline v0::exporting
