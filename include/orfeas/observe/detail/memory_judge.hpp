// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/state.hpp>
#include <orfeas/forecast/predictive_alert.hpp>
#include <orfeas/forecast/time_to_critical.hpp>
#include <orfeas/forecast/trend_estimator.hpp>
#include <orfeas/observe/prediction_options.hpp>
#include <orfeas/observe/prediction_report.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>
#include <utility>

namespace orfeas::inline v0::observe::detail {

/// Follows the share of one memory that is in use. Thread-compatible (distinct objects).
class memory_judge {
  public:
    explicit memory_judge(prediction_options const& options)
        : critical_{options.critical}, alert_{options.alert}, trend_{options.trend} {}

    void update(std::chrono::nanoseconds time, double used) noexcept {
        critical_.update(time, used);
        trend_.update(time, used);
        used_ = used;
        said_ = critical_.estimate();
        answer_ = alert_.update(time, said_);
    }

    forecast::critical_estimate const& said() const noexcept { return said_; }
    double used() const noexcept { return used_; }

    /// To be told that memory was given back for its sake: what comes is no longer what was foreseen.
    void cleaned_up() {
        alert_.avert();
        critical_.reset();
        answer_ = {};
        said_ = critical_.estimate();
        ++cleanups_;
    }

    memory_prediction report(std::string key) const {
        memory_prediction made;
        made.key = std::move(key);
        made.used = used_;
        made.critical = critical_.options().critical;
        made.estimate = said_;
        made.alert = answer_;
        made.record = alert_.record();
        made.trend = trend_.assess();
        for (std::size_t i = 0; i < alert_.size(); ++i) {
            made.past.push_back(alert_.past(i));
        }
        made.cleanups = cleanups_;
        return made;
    }

    void save(state_writer& out) const {
        critical_.save(out);
        alert_.save(out);
        trend_.save(out);
    }
    std::error_code load(state_reader& in) {
        auto refused = critical_.load(in);
        refused = refused ? refused : alert_.load(in);
        return refused ? refused : trend_.load(in);
    }

  private:
    forecast::time_to_critical critical_;
    forecast::predictive_alert alert_;
    forecast::trend_estimator trend_;
    forecast::critical_estimate said_{};
    forecast::alert_answer answer_{};
    double used_ = 0;
    std::uint64_t cleanups_ = 0;
};

} // namespace orfeas::inline v0::observe::detail
