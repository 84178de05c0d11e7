// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/http/body.hpp>
#include <orfeas/http/conditional.hpp>
#include <orfeas/http/request.hpp>
#include <orfeas/http/response.hpp>
#include <orfeas/http/status.hpp>
#include <orfeas/serve/detail/more.hpp>
#include <orfeas/serve/detail/page.hpp>

#include <span>
#include <string_view>

namespace orfeas::inline v0::serve {

namespace detail {

/// One text in two representations, as it is generated.
struct page_part {
    std::string_view type;
    std::string_view text;
    std::string_view etag;
    std::string_view gzip;
    std::string_view gzip_etag;
};

/// The part, compressed for browsers that take it so; 304 for those that have it.
inline http::response part_response(page_part const& part, http::request const& q) {
    bool const compressed = q.field_holds("accept-encoding", "gzip");
    auto const etag = compressed ? part.gzip_etag : part.etag;
    http::response answer{http::status::ok};
    if (http::is_not_modified(q, etag)) {
        answer = http::response{http::status::not_modified};
    } else {
        auto const text = compressed ? part.gzip : part.text;
        answer.content(part.type, http::shared_bytes{std::as_bytes(std::span{text}), nullptr});
        if (compressed) {
            answer.set("content-encoding", "gzip");
        }
    }
    answer.set("etag", etag).set("vary", "accept-encoding").set("cache-control", "no-cache");
    return answer;
}

} // namespace detail

/// Answers with the dashboard's page: one document that loads nothing from elsewhere, compressed for browsers that take
/// it so, and 304 for those that have it.
inline http::response page_response(http::request const& q) {
    auto answer = detail::part_response(
        {detail::page_content_type, detail::page_text, detail::page_etag, detail::page_gzip, detail::page_gzip_etag},
        q);
    if (answer.status() == http::status::ok) {
        answer.set("content-security-policy", detail::page_content_security_policy);
    }
    return answer;
}

/// Answers with the script that the page loads after its first paint, in the same way. The page's policy lets it run by its
/// hash, and no other.
inline http::response more_response(http::request const& q) {
    return detail::part_response(
        {detail::more_content_type, detail::more_text, detail::more_etag, detail::more_gzip, detail::more_gzip_etag},
        q);
}

} // namespace orfeas::inline v0::serve
