// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/stats/bucket_layout.hpp>
#include <orfeas/stats/rolling_histogram.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <utility>

namespace orfeas::inline v0::serve {

/// How the service does as a whole: how many requests there were, how many failed, and how long the requests of the last ten seconds took.
/// Thread-safe.
template<clock Clock = coarse_clock>
class basic_request_statistics {
  public:
    explicit basic_request_statistics(Clock clock = {}) : clock_{std::move(clock)} {}

    /// Counts a request that was answered after `duration`; `failed` says that the fault was the server's (5xx).
    void record(std::chrono::nanoseconds duration, bool failed) {
        requests_.fetch_add(1, std::memory_order_relaxed);
        if (failed) {
            errors_.fetch_add(1, std::memory_order_relaxed);
        }
        auto const now = clock_.now();
        std::scoped_lock const lock{mutex_};
        durations_.record(std::chrono::duration<double>{duration}.count(), now);
    }

    void measure(measurement_sink sink) const {
        auto const recent = [&] {
            std::scoped_lock const lock{mutex_};
            return durations_.recent(clock_.now());
        }();
        sink({"http_application_requests_total",
              measurement_kind::counter,
              unit::none,
              static_cast<double>(requests_.load(std::memory_order_relaxed)),
              {},
              "requests answered, but for those by which the service is watched"});
        sink({"http_errors_total",
              measurement_kind::counter,
              unit::none,
              static_cast<double>(errors_.load(std::memory_order_relaxed)),
              {},
              "requests answered with status 5xx"});
        sink({"http_request_p50_ms",
              measurement_kind::gauge,
              unit::milliseconds,
              recent.quantile(0.50) * 1e3,
              {},
              "median time to answer, of the requests of the last ten seconds"});
        sink({"http_request_p95_ms",
              measurement_kind::gauge,
              unit::milliseconds,
              recent.quantile(0.95) * 1e3,
              {},
              "time within which 95 % of the requests of the last ten seconds were answered"});
    }

  private:
    Clock clock_;
    std::atomic<std::uint64_t> requests_ = 0;
    std::atomic<std::uint64_t> errors_ = 0;
    mutable std::mutex mutex_;
    stats::rolling_histogram durations_{stats::bucket_layout{stats::bucket_range{}}, 10, std::chrono::seconds{1}};
};

using request_statistics = basic_request_statistics<>;
static_assert(measurable<request_statistics>);

} // namespace orfeas::inline v0::serve
