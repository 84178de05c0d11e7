// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/http/detail/text.hpp>
#include <orfeas/http/request.hpp>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::http {

/// Finds what serves a method and path. Patterns are paths whose segments are literal or `{name}`, which takes one
/// segment of at least one character; a literal is preferred, position by position. A GET route answers HEAD too.
///
/// Complexity: `match` is linear in the path where patterns do not overlap. Entries stay where they are once added.
/// Thread-compatible (distinct objects); `match` alone may run on several threads.
template<class Endpoint>
class basic_router {
  public:
    struct match_result {
        Endpoint const* endpoint = nullptr; ///< null when no route serves the method
        std::string_view pattern;           ///< of the path, where one is known; lives as long as the router
        std::vector<parameter> parameters;  ///< decoded, in the order of the pattern
        std::string allowed; ///< the methods of a known path when `endpoint` is null: "GET, HEAD, OPTIONS"
    };

    /// Adds a route. Throws std::invalid_argument for a malformed pattern, and for one that is there already.
    void add(std::string_view method, std::string_view pattern, Endpoint endpoint) {
        if (!detail::is_token(method) || !pattern.starts_with('/')) {
            throw std::invalid_argument{"a route needs a method and a pattern that starts with '/'"};
        }
        std::vector<std::string> names;
        node* at = &root_;
        auto rest = pattern.substr(1);
        for (bool more = true; more;) {
            more = rest.find('/') != std::string_view::npos;
            at = at->child(detail::take_part(rest, '/'), names);
        }
        for (auto const& known : at->entries) {
            if (known->method == method) {
                throw std::invalid_argument{"the route " + std::string{method} + " " + std::string{pattern} +
                                            " is there already"};
            }
        }
        at->entries.push_back(std::make_unique<entry>(
            entry{std::string{method}, std::string{pattern}, std::move(names), std::move(endpoint)}));
    }

    /// Finds the route of a request. `path` is percent-encoded, as sent, and starts with '/'.
    match_result match(std::string_view method, std::string_view path) const {
        match_result found;
        std::vector<std::string> values;
        node const* const at = path.starts_with('/') ? find(root_, path.substr(1), true, values) : nullptr;
        if (at == nullptr) {
            return found;
        }
        entry const* const serving = at->entry_for(method);
        if (serving == nullptr) {
            found.pattern = at->entries.front()->pattern;
            found.allowed = at->allowed();
            return found;
        }
        found.endpoint = &serving->endpoint;
        found.pattern = serving->pattern;
        for (std::size_t i = 0; i < values.size(); ++i) {
            found.parameters.push_back({serving->names[i], std::move(values[i])});
        }
        return found;
    }

  private:
    struct entry {
        std::string method;
        std::string pattern;
        std::vector<std::string> names;
        Endpoint endpoint;
    };

    struct node {
        std::vector<std::pair<std::string, std::unique_ptr<node>>> literals;
        std::unique_ptr<node> any;
        std::vector<std::unique_ptr<entry>> entries;

        node* child(std::string_view segment, std::vector<std::string>& names) {
            if (segment.starts_with('{') && segment.ends_with('}') && segment.size() > 2) {
                names.emplace_back(segment.substr(1, segment.size() - 2));
                if (!any) {
                    any = std::make_unique<node>();
                }
                return any.get();
            }
            if (segment.find_first_of("{}") != std::string_view::npos) {
                throw std::invalid_argument{"a route parameter is a whole segment: '{name}'"};
            }
            if (auto const* known = literal(segment)) {
                return const_cast<node*>(known);
            }
            return literals.emplace_back(std::string{segment}, std::make_unique<node>()).second.get();
        }

        node const* literal(std::string_view segment) const noexcept {
            for (auto const& [text, next] : literals) {
                if (text == segment) {
                    return next.get();
                }
            }
            return nullptr;
        }

        entry const* entry_for(std::string_view method) const noexcept {
            for (auto const& e : entries) {
                if (e->method == method) {
                    return e.get();
                }
            }
            return method == "HEAD" ? entry_for("GET") : nullptr;
        }

        std::string allowed() const {
            std::vector<std::string_view> methods{"OPTIONS"};
            for (auto const& e : entries) {
                methods.push_back(e->method);
                if (e->method == "GET") {
                    methods.push_back("HEAD");
                }
            }
            std::sort(methods.begin(), methods.end());
            methods.erase(std::unique(methods.begin(), methods.end()), methods.end());
            std::string text;
            for (auto const method : methods) {
                text.append(text.empty() ? "" : ", ").append(method);
            }
            return text;
        }
    };

    /// The node with routes at the end of `path`. A literal that leads nowhere further down is given up for `{name}`.
    static node const* find(node const& at, std::string_view path, bool more, std::vector<std::string>& values) {
        if (!more) {
            return at.entries.empty() ? nullptr : &at;
        }
        auto rest = path;
        auto segment = detail::percent_decoded(detail::take_part(rest, '/'), false);
        bool const last = path.find('/') == std::string_view::npos;
        if (auto const* next = at.literal(segment)) {
            if (auto const* found = find(*next, rest, !last, values)) {
                return found;
            }
        }
        if (at.any && !segment.empty()) {
            values.push_back(std::move(segment));
            if (auto const* found = find(*at.any, rest, !last, values)) {
                return found;
            }
            values.pop_back();
        }
        return nullptr;
    }

    node root_;
};

} // namespace orfeas::inline v0::http
