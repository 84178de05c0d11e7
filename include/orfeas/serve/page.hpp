// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/http/body.hpp>
#include <orfeas/http/conditional.hpp>
#include <orfeas/http/request.hpp>
#include <orfeas/http/response.hpp>
#include <orfeas/http/status.hpp>
#include <orfeas/serve/detail/page.hpp>

#include <span>

namespace orfeas::inline v0::serve {

/// Answers with the dashboard's page: one document that loads nothing from elsewhere, compressed for browsers that take
/// it so, and 304 for those that have it.
inline http::response page_response(http::request const& q) {
    bool const compressed = q.field_holds("accept-encoding", "gzip");
    auto const etag = compressed ? detail::page_gzip_etag : detail::page_etag;
    http::response answer{http::status::ok};
    if (http::is_not_modified(q, etag)) {
        answer = http::response{http::status::not_modified};
    } else {
        auto const text = compressed ? detail::page_gzip : detail::page_text;
        answer.content(detail::page_content_type, http::shared_bytes{std::as_bytes(std::span{text}), nullptr});
        answer.set("content-security-policy", detail::page_content_security_policy);
        if (compressed) {
            answer.set("content-encoding", "gzip");
        }
    }
    answer.set("etag", etag).set("vary", "accept-encoding").set("cache-control", "no-cache");
    return answer;
}

} // namespace orfeas::inline v0::serve
