// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/json.hpp>
#include <orfeas/http/refusal.hpp>
#include <orfeas/http/response.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::http {

/// What went wrong with a request, as a document for people and programs (RFC 9457, application/problem+json):
///
///     co_return problem{status::bad_request}.detail("width_mm is 0.").field("width_mm").allowed("between 1 and 300");
///
/// Converts to the response that carries it. Thread-compatible (distinct objects).
class problem {
  public:
    explicit problem(http::status s) : status_{s}, title_{reason_phrase(s)} {}

    /// The problem of a refused request.
    explicit problem(refusal r) : status_{status_of(r)}, title_{reason_phrase(status_)}, detail_{describe(r)} {
        type_.append("urn:orfeas:problem:").append(name_of(r));
    }

    http::status status() const noexcept { return status_; }

    /// A URI that names the kind of problem and never changes; "about:blank" unless set.
    problem& type(std::string_view uri) & { return assign(type_, uri); }
    /// One sentence about this occurrence.
    problem& detail(std::string_view sentence) & { return assign(detail_, sentence); }
    /// The parameter or header field at fault.
    problem& field(std::string_view name) & { return assign(field_, name); }
    /// What the field may be.
    problem& allowed(std::string_view range) & { return assign(allowed_, range); }
    /// A header field of the answer, such as Retry-After.
    problem& set(std::string_view name, std::string_view value) & {
        fields_.set(name, value);
        return *this;
    }

    problem&& type(std::string_view uri) && { return std::move(this->type(uri)); }
    problem&& detail(std::string_view sentence) && { return std::move(this->detail(sentence)); }
    problem&& field(std::string_view name) && { return std::move(this->field(name)); }
    problem&& allowed(std::string_view range) && { return std::move(this->allowed(range)); }
    problem&& set(std::string_view name, std::string_view value) && { return std::move(this->set(name, value)); }

    /// The document.
    std::string json() const {
        std::string text;
        json_writer out{text};
        out.begin_object();
        out.member("type", type_.empty() ? std::string_view{"about:blank"} : std::string_view{type_});
        out.member("title", title_);
        out.member("status", code_of(status_));
        write_member(out, "detail", detail_);
        write_member(out, "field", field_);
        write_member(out, "allowed", allowed_);
        out.end_object();
        return text;
    }

    /// The answer that carries the document.
    http::response response() const {
        http::response answer{status_, "application/problem+json", json()};
        for (auto const& f : fields_) {
            answer.set(f.name, f.value);
        }
        return answer;
    }
    operator http::response() const { return response(); }

  private:
    problem& assign(std::string& member, std::string_view text) {
        member = text;
        return *this;
    }

    static void write_member(json_writer& out, std::string_view name, std::string const& text) {
        if (!text.empty()) {
            out.member(name, text);
        }
    }

    http::status status_;
    std::string type_;
    std::string title_;
    std::string detail_;
    std::string field_;
    std::string allowed_;
    http::fields fields_;
};

/// A problem thrown from the depth of a handler; the server answers with it.
class problem_error : public std::runtime_error {
  public:
    explicit problem_error(http::problem p)
        : std::runtime_error{std::string{reason_phrase(p.status())}}, problem_{std::move(p)} {}

    http::problem const& problem() const noexcept { return problem_; }

  private:
    http::problem problem_;
};

} // namespace orfeas::inline v0::http
