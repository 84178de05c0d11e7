// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/stats/bucket_layout.hpp>
#include <orfeas/stats/rolling_histogram.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <limits>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::observe {

/// What a probe of an executor waits for.
enum class lag_kind { post, timer };

constexpr std::string_view to_string(lag_kind kind) noexcept {
    return kind == lag_kind::post ? "post" : "timer";
}

/// How late the probes of an executor were: the last one, and those of the last minute. Of a probe that
/// still waits, the time that it has waited counts as the last and the largest, so that an executor that is stuck shows.
/// Thread-safe.
template<clock Clock = steady_clock>
class basic_lag_statistics {
  public:
    explicit basic_lag_statistics(Clock clock = {}) : clock_{std::move(clock)} {}

    /// A probe waits that is to run at `due`.
    void expect(lag_kind kind, monotonic_time due) {
        std::scoped_lock const lock{mutex_};
        of(kind).due = due;
    }

    /// The probe runs.
    void arrived(lag_kind kind) {
        auto const now = clock_.now();
        std::scoped_lock const lock{mutex_};
        probe& which = of(kind);
        if (auto const due = std::exchange(which.due, std::nullopt)) {
            which.last = lateness(*due, now);
            which.minute.record(which.last, now);
        }
    }

    /// The probe will not run.
    void forget(lag_kind kind) {
        std::scoped_lock const lock{mutex_};
        of(kind).due.reset();
    }

    /// Reports runtime_executor_lag_seconds{kind, stat}: `last`, and `p50`, `p99`, `max` of the last minute, within 1.1 %.
    /// NaN before the first probe.
    void measure(measurement_sink sink) const {
        auto const now = clock_.now();
        std::scoped_lock const lock{mutex_};
        for (auto const kind : {lag_kind::post, lag_kind::timer}) {
            measure(kind, now, sink);
        }
    }

  private:
    static constexpr double none = std::numeric_limits<double>::quiet_NaN();

    struct probe {
        std::optional<monotonic_time> due; ///< while it waits
        double last = none;
        stats::rolling_histogram minute{stats::bucket_layout{}, 12, std::chrono::seconds{5}};
    };

    probe& of(lag_kind kind) { return probes_[static_cast<std::size_t>(kind)]; }

    static double lateness(monotonic_time due, monotonic_time now) noexcept {
        return now > due ? std::chrono::duration<double>{now - due}.count() : 0;
    }

    void measure(lag_kind kind, monotonic_time now, measurement_sink sink) const {
        probe const& which = probes_[static_cast<std::size_t>(kind)];
        auto const recent = which.minute.recent(now);
        double const waited = which.due ? lateness(*which.due, now) : 0;
        auto const at_least = [waited](double value) { return waited > 0 && !(waited <= value) ? waited : value; };
        auto const report = [&](std::string_view stat, double seconds) {
            std::array<label, 2> const labels{{{"kind", to_string(kind)}, {"stat", stat}}};
            sink({"runtime_executor_lag_seconds", measurement_kind::gauge, unit::seconds, seconds, labels,
                  "how late a posted function or a timer runs"});
        };
        report("last", at_least(which.last));
        report("p50", recent.quantile(0.5));
        report("p99", recent.quantile(0.99));
        report("max", at_least(recent.quantile(1)));
    }

    Clock clock_;
    mutable std::mutex mutex_;
    std::array<probe, 2> probes_{};
};

using lag_statistics = basic_lag_statistics<>;
static_assert(measurable<lag_statistics>);

} // namespace orfeas::inline v0::observe
