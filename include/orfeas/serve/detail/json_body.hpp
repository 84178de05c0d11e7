// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/options.hpp>
#include <orfeas/http/problem.hpp>
#include <orfeas/http/request.hpp>
#include <orfeas/http/status.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace orfeas::inline v0::serve::detail {

/// A problem with what a request asks for, to be thrown.
inline http::problem_error refused(std::string_view field, std::string_view detail, std::string_view allowed,
                                   http::status status = http::status::bad_request) {
    return http::problem_error{http::problem{status}.detail(detail).field(field).allowed(allowed)};
}

/// Whether a text says something, and is one line.
inline bool is_line(std::string_view text) {
    return text.find_first_not_of(' ') != std::string_view::npos &&
           std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; });
}

/// The members of a JSON object that is the body of a request. All that it throws is an http::problem_error (400) that names
/// the member and what it may be. Thread-compatible (distinct objects).
class json_body {
  public:
    /// Refuses what is no JSON object, and members that are not `known`: one that is misspelt must not go unnoticed.
    json_body(http::request const& q, std::initializer_list<std::string_view> known)
        : members_(nlohmann::json::parse(q.body_text(), nullptr, false)) {
        std::string names;
        for (auto const each : known) {
            names.append(names.empty() ? "" : ", ").append(each);
        }
        if (!members_.is_object()) {
            throw refused("body", "The body is no JSON object.", "a JSON object with " + names);
        }
        for (auto const& [name, value] : members_.items()) {
            if (std::find(known.begin(), known.end(), name) == known.end()) {
                throw refused(name.substr(0, 100), "There is no such member.", names);
            }
        }
    }

    /// A member; null where it is not given, or given as null.
    nlohmann::json const* find(std::string_view name) const {
        auto const at = members_.find(name);
        return at == members_.end() || at->is_null() ? nullptr : &*at;
    }

    /// A text of at most so many bytes; empty where it is not given.
    std::string text(std::string_view name, std::size_t longest) const {
        auto const* const given = find(name);
        if (given == nullptr) {
            return {};
        }
        if (!given->is_string() || given->get_ref<std::string const&>().size() > longest) {
            throw refused(name, std::string{name} + " is no text, or too long.",
                          "a text of at most " + std::to_string(longest) + " bytes");
        }
        return *given;
    }

    /// A text of one line that must be given.
    std::string needed_line(std::string_view name, std::size_t longest) const {
        auto made = text(name, longest);
        if (!is_line(made)) {
            throw refused(name, std::string{name} + " is missing, or is not one line.",
                          "a line of at most " + std::to_string(longest) + " bytes");
        }
        return made;
    }

    /// A number within [low, high]; nothing where it is not given.
    std::optional<double> number(std::string_view name, double low, double high) const {
        auto const* const given = find(name);
        if (given == nullptr) {
            return std::nullopt;
        }
        double const value = given->is_number() ? given->get<double>() : low - 1;
        if (!(value >= low && value <= high)) {
            throw refused(name, std::string{name} + " is not a number in its range.",
                          "a number from " + orfeas::detail::number_text(low) + " to " +
                              orfeas::detail::number_text(high));
        }
        return value;
    }

  private:
    nlohmann::json members_;
};

} // namespace orfeas::inline v0::serve::detail
