// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/core/floating.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/cost/cost_options.hpp>
#include <orfeas/cost/cost_report.hpp>
#include <orfeas/cost/price.hpp>
#include <orfeas/cost/usage.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::cost {

/// Accounts for device time, requests, bytes and the cache as they are told, and says what they cost.
///
///     auto const gpu = meter.place({.index = "0", .name = "NVIDIA H100"});   // once
///     meter.device_time(*gpu, now, 0.8);                                      // each second
///     meter.requests(12);
///     auto const report = meter.report();
///
/// A device costs its price for all the time in which it is seen, busy or not. The time between two readings is charged by
/// the later one's use, unless it is longer than `max_gap`: then nobody knows whether the device was there, so nothing is
/// charged and the time counts as unobserved. A clock that was set ahead by more than that is such a gap; a time that is not
/// after the last one is not taken in, and after eight on end the clock counts as set back and the device as seen anew.
///
/// Counts are growths (see counter_reading for counters); what is not finite or below 0 is not taken in. A hit saves what the
/// loads until then cost on the mean; hits before the first such load wait for it.
///
/// Constant time; no allocation but for a device that is new. Thread-compatible (distinct objects).
class meter {
  public:
    /// Throws option_error.
    explicit meter(cost_options options = {})
        : options_{checked(std::move(options))}, prices_{options_.price, options_.device_prices} {}

    cost_options const& options() const noexcept { return options_; }

    /// The prices from now on. Time until now keeps what it cost.
    void set_prices(price_list prices) {
        prices_ = std::move(prices);
        for (std::size_t i = 0; i < clocks_.size(); ++i) {
            clocks_[i].price = prices_.of(used_.devices[i].device);
        }
    }
    price_list const& prices() const noexcept { return prices_; }

    /// The place of a device, which is given one the first time; nothing when there are too many, or it has no key. Texts that
    /// were not known before are taken up.
    std::optional<std::size_t> place(device_id const& device) {
        auto& devices = used_.devices;
        auto const at = std::find_if(devices.begin(), devices.end(),
                                     [&](device_usage const& each) { return each.device.key() == device.key(); });
        auto const found = static_cast<std::size_t>(at - devices.begin());
        if (at != devices.end()) {
            learn(found, device);
            return found;
        }
        if (device.key().empty() || devices.size() >= options_.max_devices) {
            return std::nullopt;
        }
        devices.push_back({device, {}});
        clocks_.push_back({prices_.of(device)});
        return found;
    }

    /// A device was seen at a time, and since it was seen before it was busy for that share of the time (taken as 0 to 1);
    /// without a finite share it is not known how busy it was. Times are of any clock, one for all calls about a device.
    void device_time(std::size_t place, std::chrono::nanoseconds time, double busy_ratio = absent) noexcept {
        ORFEAS_ASSERT(place < clocks_.size(), "a place that place() gave");
        auto& clock = clocks_[place];
        auto& to = used_.devices[place].amounts;
        auto const passed = clock.admit(time);
        if (passed > options_.max_gap) {
            to.unobserved_seconds += seconds(passed);
        } else if (passed.count() > 0) {
            charge(to, clock.price, seconds(passed), busy_ratio);
        }
    }

    void requests(double count) noexcept { take(used_.service.requests, count); }
    void requests(double count, std::size_t place) noexcept {
        requests(count);
        take(amounts_at(place).requests, count);
    }

    void generated(double bytes) noexcept { take(used_.service.generated_bytes, bytes); }
    void generated(double bytes, std::size_t place) noexcept {
        generated(bytes);
        take(amounts_at(place).generated_bytes, bytes);
    }

    /// Lookups in the cache. Tell of loads first: these hits are valued by them, too.
    void lookups(double hits, double misses) noexcept {
        take(used_.service.cache_hits, hits);
        take(used_.service.cache_misses, misses);
        value_hits();
    }

    /// Loads that took that much time of a device in all. Without a price of the device their cost is not known.
    void loads(double count, double device_seconds, std::size_t place) noexcept {
        ORFEAS_ASSERT(place < clocks_.size(), "a place that place() gave");
        loads_costing(count, device_seconds * clocks_[place].price);
    }

    /// Loads that cost that much in all.
    void loads_costing(double count, double money) noexcept {
        if (is_amount(count) && count > 0 && is_amount(money)) {
            used_.service.loads += count;
            used_.service.load_money += money;
            value_hits();
        }
    }

    /// Adds what was used before this meter, or beside it. Devices beyond the bound are left out: false then.
    bool add(usage const& past) {
        bool fits = true;
        for (auto const& each : past.devices) {
            auto const at = place(each.device);
            fits = fits && at;
            if (at) {
                used_.devices[*at].amounts = used_.devices[*at].amounts + each.amounts;
            }
        }
        used_.service = used_.service + past.service;
        return fits;
    }

    /// All that was used.
    usage const& totals() const noexcept { return used_; }

    /// What it cost.
    cost_report report() const { return report_of(used_, prices_, options_.currency); }

    /// Reports the totals and figures, by device with the labels `currency`, `gpu` and `name`.
    void measure(measurement_sink sink) const {
        for (std::size_t i = 0; i < clocks_.size(); ++i) {
            measure_device(used_.devices[i], clocks_[i].price, sink);
        }
        measure_service(sink);
    }

  private:
    struct device_clock {
        double price = absent; // money a second
        std::optional<std::chrono::nanoseconds> last{};
        int refused = 0; // times on end

        /// The time that passed, 0 where none is known.
        std::chrono::nanoseconds admit(std::chrono::nanoseconds time) noexcept {
            constexpr int most_refused = 8;
            bool const is_later = last && time > *last;
            if (last && !is_later && ++refused < most_refused) {
                return {};
            }
            auto const passed = is_later ? saturating_difference(time, *last) : std::chrono::nanoseconds{};
            last = time;
            refused = 0;
            return passed;
        }

        static std::chrono::nanoseconds saturating_difference(std::chrono::nanoseconds later,
                                                              std::chrono::nanoseconds earlier) noexcept {
            using limits = std::chrono::nanoseconds;
            bool const overflows = earlier.count() < 0 && later.count() > limits::max().count() + earlier.count();
            return overflows ? limits::max() : later - earlier;
        }
    };

    static cost_options checked(cost_options options) {
        validate(options);
        return options;
    }
    static double seconds(std::chrono::nanoseconds of) noexcept { return std::chrono::duration<double>{of}.count(); }
    static bool is_amount(double value) noexcept { return is_finite(value) && value >= 0; }
    static void take(double& into, double grown) noexcept { into += is_amount(grown) ? grown : 0; }

    static void charge(device_amounts& to, double price, double passed, double busy_ratio) noexcept {
        bool const is_rated = is_finite(busy_ratio);
        bool const is_priced = is_finite(price);
        double const busy = is_rated ? std::clamp(busy_ratio, 0.0, 1.0) * passed : 0;
        to.busy_seconds += busy;
        to.idle_seconds += is_rated ? passed - busy : 0;
        to.unrated_seconds += is_rated ? 0 : passed;
        if (is_priced) {
            to.priced_seconds += passed;
            to.money += price * passed;
            to.priced_rated_seconds += is_rated ? passed : 0;
            to.idle_money += is_rated ? price * (passed - busy) : 0;
        }
    }

    device_amounts& amounts_at(std::size_t place) noexcept {
        ORFEAS_ASSERT(place < used_.devices.size(), "a place that place() gave");
        return used_.devices[place].amounts;
    }

    void learn(std::size_t place, device_id const& device) {
        auto& known = used_.devices[place].device;
        if ((known.name.empty() && !device.name.empty()) || (known.index.empty() && !device.index.empty())) {
            known.name = known.name.empty() ? device.name : known.name;
            known.index = known.index.empty() ? device.index : known.index;
            clocks_[place].price = prices_.of(known);
        }
    }

    void value_hits() noexcept {
        auto& service = used_.service;
        if (service.loads > 0) {
            service.saved_money += (service.cache_hits - service.valued_hits) * (service.load_money / service.loads);
            service.valued_hits = service.cache_hits;
        }
    }

    void measure_device(device_usage const& of, double price, measurement_sink sink) const;
    void measure_service(measurement_sink sink) const;

    cost_options options_;
    price_list prices_;
    usage used_{};
    std::vector<device_clock> clocks_{}; // of used_.devices
};

inline void meter::measure_device(device_usage const& of, double price, measurement_sink sink) const {
    std::array<label, 3> const labels{
        {{"currency", options_.currency}, {"gpu", of.device.key()}, {"name", of.device.name}}};
    auto const time = [&](std::string_view name, double value, std::string_view help) {
        sink({name, measurement_kind::counter, unit::seconds, value, std::span{labels}.subspan(1), help});
    };
    auto const money = [&](std::string_view name, measurement_kind kind, double value, std::string_view help) {
        sink({name, kind, unit::none, value, labels, help});
    };
    auto const& used = of.amounts;
    auto const figures = figures_of(used, used.requests, used.generated_bytes);
    using enum measurement_kind;
    time("cost_gpu_busy_seconds_total", used.busy_seconds, "GPU time in use");
    time("cost_gpu_idle_seconds_total", used.idle_seconds, "GPU time not in use");
    time("cost_gpu_unrated_seconds_total", used.unrated_seconds, "GPU time whose use is not known");
    time("cost_gpu_unobserved_seconds_total", used.unobserved_seconds,
         "time in which the GPU was not seen: not charged");
    time("cost_gpu_priced_seconds_total", used.priced_seconds, "GPU time that had a price");
    money("cost_gpu_money_per_hour", gauge, price * 3'600, "price of the GPU");
    money("cost_gpu_money_total", counter, figures.money, "cost of the GPU while it was seen");
    money("cost_gpu_idle_money_total", counter, figures.idle_money, "cost of the GPU while it was not in use");
    money("cost_gpu_money_per_request", gauge, figures.money_per_request, "cost of the GPU a request that it served");
    money("cost_gpu_money_per_gigabyte", gauge, figures.money_per_gigabyte, "cost of the GPU a gigabyte that it made");
}

inline void meter::measure_service(measurement_sink sink) const {
    std::array<label, 1> const labels{{{"currency", options_.currency}}};
    auto const& service = used_.service;
    bool const has_loads = service.loads > 0;
    auto const overall = figures_of(used_.total(), service.requests, service.generated_bytes);
    auto const amount = [&](std::string_view name, unit of, double value, std::string_view help) {
        sink({name, measurement_kind::counter, of, value, {}, help});
    };
    auto const money = [&](std::string_view name, measurement_kind kind, double value, std::string_view help) {
        sink({name, kind, unit::none, value, labels, help});
    };
    using enum measurement_kind;
    amount("cost_requests_total", unit::none, service.requests, "requests that the cost is shared by");
    amount("cost_generated_bytes_total", unit::bytes, service.generated_bytes, "bytes that the cost is shared by");
    amount("cost_loads_avoided_total", unit::none, service.cache_hits, "loads that the cache avoided");
    money("cost_money_total", counter, overall.money, "cost of all GPUs while they were seen");
    money("cost_idle_money_total", counter, overall.idle_money, "cost of all GPUs while they were not in use");
    money("cost_money_per_request", gauge, overall.money_per_request, "cost of all GPUs a request");
    money("cost_money_per_gigabyte", gauge, overall.money_per_gigabyte, "cost of all GPUs a gigabyte generated");
    money("cost_money_per_load", gauge, has_loads ? service.load_money / service.loads : absent, "mean cost of a load");
    money("cost_saved_money_total", counter, has_loads ? service.saved_money : absent,
          "cost of the loads that the cache avoided");
}

} // namespace orfeas::inline v0::cost
