// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace orfeas::inline v0::cache::redis {

/// Where a node of a cluster listens, as its peers name it. An IPv6 address stands without brackets.
struct node_address {
    std::string host;
    std::uint16_t port = 0;

    friend auto operator<=>(node_address const&, node_address const&) = default;
};

/// "127.0.0.1:6379" or "[::1]:6379": for logs and labels.
inline std::string to_text(node_address const& node) {
    bool const is_v6 = node.host.find(':') != std::string::npos;
    return (is_v6 ? "[" + node.host + "]" : node.host) + ":" + std::to_string(node.port);
}

/// What an error that a server answers means to the one who chose the server.
enum class refusal : std::uint8_t {
    none,         ///< an error of the command itself, such as WRONGTYPE
    moved,        ///< the slot belongs to another node
    ask,          ///< this one command belongs to another node, while the slot is on its way there
    try_again,    ///< the keys of one command are on two nodes at the moment
    cluster_down, ///< the cluster serves no commands, or not this slot
    loading,      ///< the node reads its data set
    read_only,    ///< a write came to a replica
    master_down,  ///< a replica has lost its primary and does not answer with what may be old
};

/// Which refusal the text of an error is: its first word decides ("MOVED 3999 127.0.0.1:6381"). The text has no leading '-'.
constexpr refusal refusal_of(std::string_view error) noexcept {
    std::string_view const word = error.substr(0, error.find(' '));
    if (word == "MOVED") {
        return refusal::moved;
    }
    if (word == "ASK") {
        return refusal::ask;
    }
    if (word == "TRYAGAIN") {
        return refusal::try_again;
    }
    if (word == "CLUSTERDOWN") {
        return refusal::cluster_down;
    }
    if (word == "LOADING") {
        return refusal::loading;
    }
    if (word == "READONLY") {
        return refusal::read_only;
    }
    return word == "MASTERDOWN" ? refusal::master_down : refusal::none;
}

/// How many slots a cluster has. Fixed by the protocol.
inline constexpr std::size_t cluster_slot_count = 16'384;

/// Where MOVED or ASK send a command.
struct redirection {
    std::uint16_t slot = 0;
    node_address to{};

    friend bool operator==(redirection const&, redirection const&) = default;
};

namespace detail {

/// A number of at most `most` that is all of the text.
inline std::optional<std::uint16_t> number_up_to(std::string_view text, std::uint32_t most) noexcept {
    std::uint32_t value = 0;
    auto const [rest, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    bool const whole = failed == std::errc{} && rest == text.data() + text.size();
    return whole && value <= most ? std::optional{static_cast<std::uint16_t>(value)} : std::nullopt;
}

/// "host:port". The last colon parts them, so an IPv6 address may come without brackets, as servers send it.
inline std::optional<node_address> parse_node(std::string_view text, std::string_view answered_by) {
    auto const colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return std::nullopt;
    }
    auto const port = number_up_to(text.substr(colon + 1), 65'535);
    std::string_view host = text.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    }
    host = host.empty() ? answered_by : host; // the server does not know how it is reached: the same host, another port
    if (!port || *port == 0 || host.empty() || host == "?" ||
        host.find_first_of(" []\r\n\t") != std::string_view::npos) {
        return std::nullopt;
    }
    return node_address{std::string{host}, *port};
}

} // namespace detail

/// Reads "MOVED <slot> <host>:<port>" or "ASK …". An empty host means that of `answered_by`, the server that sent it.
/// Empty for every other text, for a slot or a port out of range, and for "?" in place of an unknown host.
inline std::optional<redirection> parse_redirection(std::string_view error, std::string_view answered_by) {
    auto const kind = refusal_of(error);
    if (kind != refusal::moved && kind != refusal::ask) {
        return std::nullopt;
    }
    error.remove_prefix(kind == refusal::moved ? 5 : 3);
    if (!error.starts_with(' ')) {
        return std::nullopt;
    }
    error.remove_prefix(1);
    auto const space = error.find(' ');
    auto const slot = detail::number_up_to(error.substr(0, space), cluster_slot_count - 1);
    if (!slot || space == std::string_view::npos) {
        return std::nullopt;
    }
    auto node = detail::parse_node(error.substr(space + 1), answered_by);
    if (!node) {
        return std::nullopt;
    }
    return redirection{*slot, std::move(*node)};
}

} // namespace orfeas::inline v0::cache::redis
