// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/measurement.hpp>
#include <orfeas/export/drop_reason.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace orfeas::inline v0::exporting {

/// What has become of the spans or data points that were handed to an exporter: one consistent reading. Always
///
///     produced == queued + in_flight + exported + dropped()
///
/// and nothing is queued or in flight once the exporter has stopped.
struct export_stats {
    std::uint64_t produced = 0;  ///< handed to the exporter
    std::uint64_t queued = 0;    ///< wait for their batch
    std::uint64_t in_flight = 0; ///< in the batch that is being sent, or that waits to be sent again
    std::uint64_t exported = 0;  ///< accepted by the receiver
    std::array<std::uint64_t, drop_reasons> drops{};

    std::uint64_t queued_bytes = 0;
    std::uint64_t batches_total = 0;  ///< that were begun
    std::uint64_t requests_total = 0; ///< that were sent, with those that were sent again
    std::uint64_t retries_total = 0;  ///< requests that were sent again
    std::uint64_t sent_bytes_total = 0;

    std::uint64_t dropped(drop_reason reason) const noexcept { return drops[static_cast<std::size_t>(reason)]; }

    std::uint64_t dropped() const noexcept {
        std::uint64_t sum = 0;
        for (auto const each : drops) {
            sum += each;
        }
        return sum;
    }

    /// Whether every span and data point is accounted for.
    bool is_balanced() const noexcept { return produced == queued + in_flight + exported + dropped(); }

    /// Reports export_* measurements, labelled with the signal ("traces", "metrics").
    void measure(measurement_sink sink, std::string_view signal) const {
        using enum measurement_kind;
        label const by_signal[] = {{"signal", signal}};
        auto const report = [&](std::string_view name, measurement_kind kind, orfeas::unit unit, std::uint64_t value,
                                std::string_view help) {
            sink({name, kind, unit, static_cast<double>(value), by_signal, help});
        };
        report("export_items_total", counter, unit::none, produced, "Spans or data points handed to the exporter.");
        report("export_exported_total", counter, unit::none, exported, "Spans or data points accepted.");
        report("export_queued", gauge, unit::none, queued, "Spans or data points that wait.");
        report("export_in_flight", gauge, unit::none, in_flight, "Spans or data points being sent.");
        report("export_queued_bytes", gauge, unit::bytes, queued_bytes, "Memory of what waits.");
        report("export_requests_total", counter, unit::none, requests_total, "Requests sent to the receiver.");
        report("export_retries_total", counter, unit::none, retries_total, "Requests sent again.");
        report("export_sent_bytes_total", counter, unit::bytes, sent_bytes_total, "Bodies of the requests sent.");
        for (std::size_t i = 0; i < drop_reasons; ++i) {
            label const by_reason[] = {{"reason", to_string(static_cast<drop_reason>(i))}, {"signal", signal}};
            sink({"export_dropped_total", counter, unit::none, static_cast<double>(drops[i]), by_reason,
                  "Spans or data points that were not exported."});
        }
    }
};

} // namespace orfeas::inline v0::exporting
