// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/options.hpp>

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace orfeas::inline v0::scale {

/// What a policy counts in.
enum class policy_kind : std::uint8_t { pods, percent };

/// Which of several policies holds: the one that allows the largest change, the smallest one, or no change at all.
enum class policy_choice : std::uint8_t { max, min, disabled };

constexpr std::string_view to_string(policy_choice choice) noexcept {
    constexpr std::array<std::string_view, 3> names{"max", "min", "disabled"};
    return names[static_cast<std::size_t>(choice)];
}

/// How much the number of replicas may change within a period.
struct scaling_policy {
    policy_kind kind = policy_kind::percent;
    std::uint32_t value = 100;       ///< replicas, or per cent of those at the begin of the period
    std::chrono::seconds period{15}; ///< at most half an hour

    friend bool operator==(scaling_policy const&, scaling_policy const&) = default;
};

/// The policies of one direction, and for how long the recommendations of the past count.
struct scaling_rules {
    std::vector<scaling_policy> policies{};
    policy_choice choice = policy_choice::max;
    std::chrono::seconds window{0}; ///< of stabilisation: at most an hour

    friend bool operator==(scaling_rules const&, scaling_rules const&) = default;
};

inline constexpr std::chrono::seconds longest_policy_period{1'800};

/// Reads a policy: "4/15s" is four replicas in 15 s, "100%/1min" are all that there are in a minute. Nothing where it is none.
inline std::optional<scaling_policy> parse_scaling_policy(std::string_view text) {
    scaling_policy made{.kind = policy_kind::pods};
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), made.value);
    if (error != std::errc{} || made.value == 0 || made.value > 1'000'000) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.starts_with('%')) {
        made.kind = policy_kind::percent;
        text.remove_prefix(1);
    }
    if (!text.starts_with('/') || !orfeas::detail::parse_option(text.substr(1), made.period)) {
        return std::nullopt;
    }
    if (made.period <= std::chrono::seconds{0} || made.period > longest_policy_period) {
        return std::nullopt;
    }
    return made;
}

/// Allows lists of texts that are all policies.
struct scaling_policies {
    bool allows(std::vector<std::string> const& texts) const {
        for (auto const& each : texts) {
            if (!parse_scaling_policy(each)) {
                return false;
            }
        }
        return !texts.empty();
    }
    std::string describe() const {
        return "a list of policies such as 4/15s or 100%/1min, with periods of at most 30min";
    }
};

} // namespace orfeas::inline v0::scale
