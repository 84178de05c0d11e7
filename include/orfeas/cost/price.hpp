// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/error.hpp>
#include <orfeas/core/floating.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/cost/detail/wildcard.hpp>

#include <charconv>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace orfeas::inline v0::cost {

/// No value. Figures that cannot be known are this, never 0.
inline constexpr double absent = std::numeric_limits<double>::quiet_NaN();

/// Which device is meant. Texts that are not known are empty; one of them is not.
struct device_id {
    std::string index{}; ///< as the driver counts them: "0"
    std::string name{};  ///< "NVIDIA H100 80GB HBM3"
    std::string uuid{};  ///< "GPU-8f3a…"

    /// What tells the device from others: the UUID, which survives a reboot; else the index; else the name.
    std::string const& key() const noexcept { return !uuid.empty() ? uuid : (!index.empty() ? index : name); }

    friend bool operator==(device_id const&, device_id const&) = default;
};

/// The price in money a second that a text tells: a number from 0 on, "/", and "h" or "s". Nothing for another text.
inline std::optional<double> parse_price(std::string_view text) noexcept {
    if (text.size() < 3 || text[text.size() - 2] != '/') {
        return std::nullopt;
    }
    char const unit = text.back();
    text.remove_suffix(2);
    double amount = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount);
    bool const is_amount = error == std::errc{} && end == text.data() + text.size() && is_finite(amount) && amount >= 0;
    if (!is_amount || (unit != 'h' && unit != 's')) {
        return std::nullopt;
    }
    return unit == 'h' ? amount / 3'600 : amount;
}

/// A price for the devices whose index, name or UUID matches a pattern.
struct device_price {
    std::string pattern{}; ///< `*` is any characters, `?` one
    double money_per_second = 0;

    bool applies_to(device_id const& device) const noexcept {
        return detail::matches_wildcard(pattern, device.index) || detail::matches_wildcard(pattern, device.name) ||
               detail::matches_wildcard(pattern, device.uuid);
    }
};

/// The rule that a text tells: a pattern, "=", a price. Nothing for another text.
inline std::optional<device_price> parse_device_price(std::string_view text) {
    auto const equals = text.rfind('=');
    if (equals == std::string_view::npos || equals == 0) {
        return std::nullopt;
    }
    auto const price = parse_price(text.substr(equals + 1));
    return price ? std::optional{device_price{std::string{text.substr(0, equals)}, *price}} : std::nullopt;
}

/// What devices cost: rules, of which the first that matches counts, and a default.
/// Thread-compatible (distinct objects).
class price_list {
  public:
    price_list() = default;

    /// The default in money a second, if there is one. Throws option_error for a price that a text could not tell either: below 0
    /// or not finite, or without a pattern.
    price_list(std::optional<double> by_default, std::vector<device_price> rules)
        : default_{checked(by_default)}, rules_{std::move(rules)} {
        for (auto const& each : rules_) {
            if (each.pattern.empty()) {
                throw option_error{"device_prices", each.pattern, "a pattern of index, name or UUID"};
            }
            check("device_prices", each.money_per_second);
        }
    }

    /// From texts that were validated: a text that is no price counts as none.
    price_list(std::string_view by_default, std::span<std::string const> rules) : default_{parse_price(by_default)} {
        for (auto const& each : rules) {
            if (auto rule = parse_device_price(each)) {
                rules_.push_back(std::move(*rule));
            }
        }
    }

    /// Money a second, `absent` for a device without a price.
    double of(device_id const& device) const noexcept {
        for (auto const& each : rules_) {
            if (each.applies_to(device)) {
                return each.money_per_second;
            }
        }
        return default_.value_or(absent);
    }

  private:
    static std::optional<double> checked(std::optional<double> by_default) {
        if (by_default) { // first of all: g++ 12 warns of reading it later
            check("price", *by_default);
        }
        return by_default;
    }

    static void check(std::string_view field, double money_per_second) {
        if (!is_finite(money_per_second) || money_per_second < 0) {
            throw option_error{field, orfeas::detail::option_text(money_per_second),
                               "a finite amount of money a second, from 0 on"};
        }
    }

    std::optional<double> default_{};
    std::vector<device_price> rules_{};
};

} // namespace orfeas::inline v0::cost
