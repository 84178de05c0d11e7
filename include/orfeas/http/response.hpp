// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/http/body.hpp>
#include <orfeas/http/fields.hpp>
#include <orfeas/http/status.hpp>

#include <optional>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::http {

/// An answer: status, fields, body. The server adds Content-Length, Date, Connection and the protective fields.
/// Setters chain: `return response{status::ok}.content("model/stl", mesh).set("cache-control", "no-cache");`
/// Thread-compatible (distinct objects).
class response {
  public:
    explicit response(http::status s = http::status::ok) : status_{s} {}

    /// An answer with a body of the given media type.
    response(http::status s, std::string_view media_type, http::body content) : status_{s}, body_{std::move(content)} {
        fields_.add("content-type", media_type);
    }

    /// 200 with UTF-8 text.
    static response text(http::body content) {
        return {http::status::ok, "text/plain; charset=utf-8", std::move(content)};
    }
    /// 200 with a JSON document.
    static response json(http::body content) { return {http::status::ok, "application/json", std::move(content)}; }
    /// 200 with an HTML page.
    static response html(http::body content) {
        return {http::status::ok, "text/html; charset=utf-8", std::move(content)};
    }

    http::status status() const noexcept { return status_; }
    http::fields const& fields() const noexcept { return fields_; }
    http::body const& body() const noexcept { return body_; }

    /// The value of the first field of this name.
    std::optional<std::string_view> field(std::string_view name) const noexcept { return fields_.find(name); }

    /// Puts a field in the place of all of this name. Throws std::invalid_argument for what is no header field.
    response& set(std::string_view name, std::string_view value) & {
        fields_.set(name, value);
        return *this;
    }
    response&& set(std::string_view name, std::string_view value) && { return std::move(this->set(name, value)); }

    /// Adds a field beside those of this name (Set-Cookie).
    response& add(std::string_view name, std::string_view value) & {
        fields_.add(name, value);
        return *this;
    }
    response&& add(std::string_view name, std::string_view value) && { return std::move(this->add(name, value)); }

    /// Gives the answer a body of the given media type.
    response& content(std::string_view media_type, http::body content) & {
        fields_.set("content-type", media_type);
        body_ = std::move(content);
        return *this;
    }
    response&& content(std::string_view media_type, http::body data) && {
        return std::move(this->content(media_type, std::move(data)));
    }

  private:
    http::status status_;
    http::fields fields_;
    http::body body_;
};

} // namespace orfeas::inline v0::http
