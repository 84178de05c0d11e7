// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/fields.hpp>
#include <orfeas/core/measurement.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace orfeas::inline v0::exporting {

/// What a webhook has done so far: one consistent reading.
struct webhook_stats {
    std::uint64_t delivered_total = 0;
    std::uint64_t given_up_total = 0;
    std::uint64_t requests_total = 0;
    std::uint64_t retries_total = 0;
    std::uint64_t left_out_total = 0;
    std::uint64_t attempts = 0;
    bool works = true;

    static void fields(auto& self, auto&& field) {
        field("delivered_total", self.delivered_total, unit::none, "notifications that the receiver has taken");
        field("given_up_total", self.given_up_total, unit::none,
              "notifications that it refused, or did not take for too long");
        field("requests_total", self.requests_total, unit::none, "requests sent");
        field("retries_total", self.retries_total, unit::none, "requests that were sent again");
        field("left_out_total", self.left_out_total, unit::none,
              "news of alerts that had no room in their notification");
        field("attempts", self.attempts, unit::none, "requests so far for the notification under way");
        field("works", self.works, unit::none, "whether the receiver took what it was sent last");
    }

    /// Reports export_webhook_* measurements, labelled with the route.
    void measure(measurement_sink sink, std::string_view route) const {
        label const by_route[] = {{"route", route}};
        fields(*this, [&](std::string_view name, auto value, orfeas::unit in, std::string_view help) {
            auto const kind = name.ends_with("_total") ? measurement_kind::counter : measurement_kind::gauge;
            auto const whole = std::string{"export_webhook_"}.append(name);
            sink({whole, kind, in, static_cast<double>(value), by_route, help});
        });
    }
};
static_assert(has_fields<webhook_stats>);

} // namespace orfeas::inline v0::exporting
