// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/redis/backoff.hpp>
#include <orfeas/cache/redis/endpoint.hpp>
#include <orfeas/cache/redis/reply.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::cache::redis {

/// Where a server listens.
struct server_address {
    std::string host{};
    std::uint16_t port = 0;

    friend bool operator==(server_address const&, server_address const&) = default;
};

/// The address in a Sentinel's answer to SENTINEL GET-MASTER-ADDR-BY-NAME; nothing when it knows no such primary, or
/// answers anything else.
inline std::optional<server_address> primary_address_of(reply_view answer) {
    if (answer.kind() != kind::array || answer.size() != 2) {
        return std::nullopt;
    }
    auto const port = detail::whole_number<std::uint16_t>(answer[1].text());
    std::string_view const host = answer[0].text();
    if (host.empty() || !port || *port == 0) {
        return std::nullopt;
    }
    return server_address{std::string{host}, *port};
}

/// Whether the answer to ROLE is that of a primary.
inline bool is_primary_role(reply_view answer) noexcept {
    return answer.kind() == kind::array && answer.size() > 0 && answer[0].text() == "master";
}

/// What to do next in the search for the primary.
enum class search_action : std::uint8_t {
    ask,    ///< ask the Sentinel `sentinel` where the primary is
    verify, ///< ask the server at `address` whether it is the primary
    found,  ///< the server just verified is the primary: search again after `wait`, or when there is doubt
    wait,   ///< there is no primary at the moment: search again after `wait`
};

/// A step of the search.
struct search_step {
    search_action action = search_action::wait;
    std::size_t sentinel = 0;
    server_address address{};
    std::chrono::nanoseconds wait{0};
};

/// Finds the primary that Sentinels watch. They are asked one after the other, beginning with the one that last knew, until
/// one names a server; the server is believed when it says so itself, since a Sentinel may be behind. When no Sentinel
/// knows, the last primary is good as long as it says so. A round without a primary is followed by another after a wait
/// that doubles, and begins with the next Sentinel.
/// No sockets, no clock. Thread-compatible (distinct objects).
class primary_search {
  public:
    /// Asks `sentinels` (more than 0) Sentinels, every `refresh` as long as all is well.
    primary_search(std::size_t sentinels, std::chrono::nanoseconds refresh, std::chrono::nanoseconds first_wait,
                   std::chrono::nanoseconds most_wait, std::uint64_t seed) noexcept
        : sentinels_{sentinels}, refresh_{refresh}, backoff_{first_wait, most_wait, seed} {}

    /// Begins a round.
    search_step begin() {
        asked_ = 0;
        return ask();
    }

    /// After a Sentinel's answer; nothing when there was none, or it knows no primary.
    search_step on_address(std::optional<server_address> named) {
        if (named) {
            return verify(std::move(*named));
        }
        preferred_ = (preferred_ + 1) % sentinels_;
        if (++asked_ < sentinels_) {
            return ask();
        }
        return last_ ? verify(*last_) : pause();
    }

    /// After the server's own word.
    search_step on_role(bool is_primary) {
        if (!is_primary) {
            preferred_ = (preferred_ + 1) % sentinels_; // it may be behind
            return pause();
        }
        last_ = verified_;
        backoff_.reset();
        return {search_action::found, preferred_, verified_, refresh_};
    }

  private:
    search_step ask() const { return {search_action::ask, preferred_, {}, {}}; }

    search_step verify(server_address named) {
        verified_ = std::move(named);
        return {search_action::verify, preferred_, verified_, {}};
    }

    search_step pause() { return {search_action::wait, preferred_, {}, backoff_.next()}; }

    std::size_t sentinels_;
    std::chrono::nanoseconds refresh_;
    backoff backoff_;
    std::size_t preferred_ = 0; // the Sentinel to ask next
    std::size_t asked_ = 0;     // in this round
    server_address verified_{};
    std::optional<server_address> last_{};
};

} // namespace orfeas::inline v0::cache::redis
