// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/fields.hpp>
#include <orfeas/core/measurement.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace orfeas::inline v0::exporting {

/// What has been told to one Alertmanager so far: one consistent reading.
struct alertmanager_stats {
    std::uint64_t firing = 0;
    std::uint64_t resolved = 0;
    std::uint64_t waiting = 0;
    std::uint64_t left_out = 0;
    std::uint64_t sent_total = 0;
    std::uint64_t refused_total = 0;
    std::uint64_t requests_total = 0;
    std::uint64_t failures_total = 0;
    std::uint64_t changed_texts_total = 0;
    std::uint64_t dropped_texts_total = 0;
    bool works = true;

    static void fields(auto& self, auto&& field) {
        field("firing", self.firing, unit::none, "alerts that it is told fire");
        field("resolved", self.resolved, unit::none, "alerts that it is still told are over");
        field("waiting", self.waiting, unit::none, "alerts that are due to be sent");
        field("left_out", self.left_out, unit::none,
              "alerts that are not sent: too many, too large, without labels, or with those of another one");
        field("sent_total", self.sent_total, unit::none, "alerts in requests that it took");
        field("refused_total", self.refused_total, unit::none, "alerts in requests that it refused");
        field("requests_total", self.requests_total, unit::none, "requests sent");
        field("failures_total", self.failures_total, unit::none, "requests that it did not take");
        field("changed_texts_total", self.changed_texts_total, unit::none,
              "labels and annotations that were made valid");
        field("dropped_texts_total", self.dropped_texts_total, unit::none,
              "labels and annotations that could not be made valid, or had no room");
        field("works", self.works, unit::none, "whether it took what it was sent last");
    }

    /// Reports export_alertmanager_* measurements, labelled with the URL of the Alertmanager.
    void measure(measurement_sink sink, std::string_view url) const {
        label const by_url[] = {{"alertmanager", url}};
        fields(*this, [&](std::string_view name, auto value, orfeas::unit in, std::string_view help) {
            auto const kind = name.ends_with("_total") ? measurement_kind::counter : measurement_kind::gauge;
            auto const whole = std::string{"export_alertmanager_"}.append(name);
            sink({whole, kind, in, static_cast<double>(value), by_url, help});
        });
    }
};
static_assert(has_fields<alertmanager_stats>);

} // namespace orfeas::inline v0::exporting
