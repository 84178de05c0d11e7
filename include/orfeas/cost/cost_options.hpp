// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/options.hpp>
#include <orfeas/cost/price.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace orfeas::inline v0::cost {

/// Allows prices: "2.5/h", "0.0007/s"; with a pattern and an equals sign before them where they are by device. An empty text
/// is no price.
struct valid_prices {
    bool allows(std::string_view text) const { return text.empty() || parse_price(text); }
    bool allows(std::vector<std::string> const& rules) const {
        for (auto const& each : rules) {
            if (!parse_device_price(each)) {
                return false;
            }
        }
        return true;
    }
    std::string describe() const {
        return "a price such as '2.5/h' or '0.0007/s'; by device 'PATTERN=2.5/h', where PATTERN matches index, name or "
               "UUID";
    }
};

/// Configures prices and accounts. Prefix ORFEAS_COST_.
struct cost_options {
    std::string currency = "USD"; ///< text beside each figure: nothing is converted
    std::string price{};          ///< of a GPU: "2.5/h" or "0.0007/s"; empty: GPUs without a rule have none
    std::vector<std::string>
        device_prices{};                ///< "PATTERN=PRICE", the first match counts: "NVIDIA H100*=2.5/h", "0=1.2/h"
    std::chrono::seconds max_gap{60};   ///< a device not seen for longer is not charged for that time
    std::uint32_t max_devices = 64;     ///< of which an account is kept; former ones may take up half
    std::chrono::seconds period{3'600}; ///< of a line in the ledger: a divisor of a day, which begins at 0:00 UTC

    static constexpr std::string_view environment_prefix = "ORFEAS_COST_";

    static void fields(auto& self, auto&& field) {
        using std::chrono::seconds;
        field("currency", self.currency, non_empty{}, "text beside each figure");
        field("price", self.price, valid_prices{}, "of a GPU that no rule matches, an hour or a second");
        field("device_prices", self.device_prices, valid_prices{}, "by index, name or UUID; the first match counts");
        field("max_gap", self.max_gap, in_range(seconds{1}, seconds{86'400}),
              "a device not seen for longer is not charged for that time");
        field("max_devices", self.max_devices, in_range(8, 1'024), "of which an account is kept");
        field("period", self.period, in_range(seconds{60}, seconds{86'400}), "of a line in the ledger");
    }
    /// Throws option_error.
    void check() const {
        if (86'400 % period.count() != 0) {
            throw option_error{"period", orfeas::detail::option_text(period), "a divisor of a day"};
        }
    }
};
static_assert(options<cost_options>);

} // namespace orfeas::inline v0::cost
