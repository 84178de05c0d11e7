// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/base64.hpp>
#include <orfeas/http/detail/text.hpp>
#include <orfeas/http/refusal.hpp>
#include <orfeas/http/request.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::http {

/// Who may use a route.
enum class role {
    anyone,          ///< whoever reaches the server under an allowed Host: health checks
    reader,          ///< the same, and with the token when one is configured
    operator_action, ///< changes the service: POST or DELETE, with the token, or from this machine when none is configured
};

/// Whether text can be sent as a token in a header field.
constexpr bool is_usable_token(std::string_view token) noexcept {
    return std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c <= '~'; });
}

/// What a gate goes by.
struct gate_policy {
    bool loopback_only = true;                     ///< the server is bound to a loopback address
    std::vector<std::string> allowed_hosts = {};   ///< "name" or "name:port"
    std::vector<std::string> allowed_origins = {}; ///< "https://name", or "null"
    std::string token = {};                        ///< empty: none is configured
};

/// Decides whether a well-formed request may go on to its route.
///
/// Host: a name that the attacker's own DNS points to this server is refused (DNS rebinding). On the loopback the names
/// `localhost`, `127.0.0.1` and `[::1]` pass, with any port, so that a forwarded port works; elsewhere every numeric
/// address passes, since no DNS answer leads to it. Other names pass when they are configured.
///
/// Origin: what a browser sends on behalf of a page. It passes when it is the origin that the request goes to, whose Host
/// has passed before, or one that is configured. It is looked at for methods that change something and for WebSockets,
/// which browsers open across origins.
///
/// Token: `Authorization: Bearer T`, or `Basic` with the token for a password, which makes browsers ask for it. Compared
/// in constant time.
///
/// Sans-I/O. Thread-compatible (distinct objects); `admit` alone may run on several threads.
class gate {
  public:
    explicit gate(gate_policy policy) : policy_{std::move(policy)} {}

    /// Why the request must not go on, or nothing.
    std::optional<refusal> admit(request const& q, role needed, bool is_websocket = false) const {
        if (!allows_host(q.host())) {
            return refusal::host_not_allowed;
        }
        if ((is_websocket || changes_something(q.method())) && !allows_origin(q)) {
            return refusal::origin_not_allowed;
        }
        if (needed == role::anyone) {
            return std::nullopt;
        }
        if (!policy_.token.empty()) {
            return presents_token(q) ? std::nullopt : std::optional{refusal::unauthorized};
        }
        if (needed == role::operator_action && !q.is_local()) {
            return refusal::not_local;
        }
        return std::nullopt;
    }

    /// Whether this server answers for a Host.
    bool allows_host(std::string_view host) const {
        auto const name = name_of_host(host);
        if (!name) {
            return false;
        }
        auto const is = [](std::string_view text) {
            return [text](std::string_view other) { return detail::equals_ignoring_case(text, other); };
        };
        if (std::any_of(policy_.allowed_hosts.begin(), policy_.allowed_hosts.end(), is(host)) ||
            std::any_of(policy_.allowed_hosts.begin(), policy_.allowed_hosts.end(), is(*name))) {
            return true;
        }
        bool const is_loopback = is("localhost")(*name) || *name == "127.0.0.1" || *name == "[::1]";
        return is_loopback || (!policy_.loopback_only && is_numeric(*name));
    }

    /// Whether the page for which a browser acts may do so; a request without Origin is of no browser.
    bool allows_origin(request const& q) const {
        auto const origin = q.field("origin");
        if (!origin) {
            return true;
        }
        for (auto const& allowed : policy_.allowed_origins) {
            if (detail::equals_ignoring_case(*origin, allowed)) {
                return true;
            }
        }
        auto const scheme = origin->find("://");
        if (scheme == std::string_view::npos || (!origin->starts_with("http:") && !origin->starts_with("https:"))) {
            return false;
        }
        return detail::equals_ignoring_case(origin->substr(scheme + 3), q.host());
    }

    static bool changes_something(std::string_view method) noexcept {
        return method != "GET" && method != "HEAD" && method != "OPTIONS";
    }

  private:
    /// The Host without its port, or nothing when it is not `name[:port]`.
    static std::optional<std::string_view> name_of_host(std::string_view host) noexcept {
        auto const bracket = host.starts_with('[') ? host.find(']') : 0;
        if (bracket == std::string_view::npos) {
            return std::nullopt;
        }
        auto const colon = host.find(':', bracket);
        auto const name = host.substr(0, colon);
        if (colon != std::string_view::npos) {
            auto const port = host.substr(colon + 1);
            if (port.empty() || port.size() > 5 || !std::all_of(port.begin(), port.end(), detail::is_digit)) {
                return std::nullopt;
            }
        }
        bool const whole = bracket == 0 || name.size() == bracket + 1;
        return name.empty() || !whole ? std::nullopt : std::optional{name};
    }

    static bool is_numeric(std::string_view name) noexcept {
        if (name.starts_with('[')) {
            return true;
        }
        bool const digits =
            std::all_of(name.begin(), name.end(), [](char c) { return detail::is_digit(c) || c == '.'; });
        return digits && std::count(name.begin(), name.end(), '.') == 3;
    }

    bool presents_token(request const& q) const {
        auto const credentials = q.field("authorization");
        if (!credentials) {
            return false;
        }
        auto rest = *credentials;
        auto const scheme = detail::take_part(rest, ' ');
        auto const presented = detail::trimmed(rest);
        if (detail::equals_ignoring_case(scheme, "bearer")) {
            return is_token(presented);
        }
        if (!detail::equals_ignoring_case(scheme, "basic")) {
            return false;
        }
        auto const decoded = base64_decoded(presented);
        auto const colon = decoded ? decoded->find(':') : std::string::npos;
        return colon != std::string::npos && is_token(std::string_view{*decoded}.substr(colon + 1));
    }

    /// Takes as long whatever the first difference is; only the length can be told from it.
    bool is_token(std::string_view presented) const noexcept {
        if (presented.size() != policy_.token.size()) {
            return false;
        }
        unsigned difference = 0;
        for (std::size_t i = 0; i < presented.size(); ++i) {
            difference |= static_cast<unsigned char>(presented[i]) ^
                          static_cast<unsigned>(static_cast<unsigned char>(policy_.token[i]));
        }
        return difference == 0;
    }

    gate_policy policy_;
};

} // namespace orfeas::inline v0::http
