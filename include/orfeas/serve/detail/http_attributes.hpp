// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/trace/text_ref.hpp>

/// The names of HTTP's span attributes in OpenTelemetry's semantic conventions, for servers and clients.
namespace orfeas::inline v0::serve::detail::http_attributes {

inline constexpr trace::text_ref request_method{"http.request.method"};
inline constexpr trace::text_ref response_status{"http.response.status_code"};
inline constexpr trace::text_ref route{"http.route"};
inline constexpr trace::text_ref server_address{"server.address"};
inline constexpr trace::text_ref server_port{"server.port"};
inline constexpr trace::text_ref url_full{"url.full"};
inline constexpr trace::text_ref url_path{"url.path"};

} // namespace orfeas::inline v0::serve::detail::http_attributes
