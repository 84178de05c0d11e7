// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/state.hpp>
#include <orfeas/detect/concepts.hpp>
#include <orfeas/detect/detail/verdict_merger.hpp>
#include <orfeas/detect/sample.hpp>
#include <orfeas/detect/verdict.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace orfeas::inline v0::detect {

/// A detector of its own for each of several metrics, whose verdicts become one: that of the metric with the highest score,
/// with shares of blame as the scores are. What belongs together it does not see: that is for a correlation_detector.
/// Linear in the metrics; no allocation after construction. Thread-compatible (distinct objects).
template<detector D>
class per_metric {
  public:
    static constexpr state_kind kind{"per_metric", 1};

    /// As many copies of `judge`, at least one; throws std::invalid_argument for none.
    explicit per_metric(std::size_t metrics, D const& judge = D{}) : judges_(metrics, judge), verdicts_(metrics) {
        if (metrics == 0) {
            throw std::invalid_argument{"per_metric: there is at least one metric"};
        }
    }

    std::size_t metrics() const noexcept { return judges_.size(); }

    /// Throws std::invalid_argument, and changes nothing, for a sample of another number of metrics: then it is not known
    /// which is which.
    verdict update(vector_sample const& each) {
        if (each.values.size() != metrics()) {
            throw std::invalid_argument{"per_metric: the sample has " + std::to_string(each.values.size()) +
                                        " metrics, not " + std::to_string(metrics())};
        }
        for (std::size_t i = 0; i < metrics(); ++i) {
            verdicts_[i] = judges_[i].update({each.time, each.values[i]});
        }
        auto made = merger_.merge(verdicts_);
        made.blame = shares();
        return made;
    }

    /// What was said of each metric's last value; not a part of the saved state.
    std::span<verdict const> verdicts() const noexcept { return verdicts_; }

    /// Whether any metric can raise an alert.
    bool warm() const noexcept {
        for (D const& each : judges_) {
            if (each.warm()) {
                return true;
            }
        }
        return false;
    }

    void reset() {
        for (D& each : judges_) {
            each.reset();
        }
        verdicts_.assign(metrics(), {});
        merger_.reset();
    }

    void save(state_writer& out) const {
        save_state(out, kind, metrics(), merger_);
        for (D const& each : judges_) {
            each.save(out);
        }
    }

    std::error_code load(state_reader& in) {
        auto loaded = *this;
        auto from = in; // moves on only if all is well
        auto refused = load_state(from, kind, metrics(), loaded.merger_);
        for (D& each : loaded.judges_) {
            refused = refused ? refused : each.load(from);
        }
        if (!refused) {
            *this = std::move(loaded);
            in = from;
        }
        return refused;
    }

  private:
    blame_list shares() const noexcept {
        double sum = 0;
        for (verdict const& each : verdicts_) {
            sum += each.score;
        }
        blame_list made;
        for (std::size_t i = 0; sum > 0 && i < verdicts_.size(); ++i) {
            made.add(static_cast<std::uint32_t>(i), static_cast<float>(verdicts_[i].score / sum));
        }
        return made;
    }

    std::vector<D> judges_;
    std::vector<verdict> verdicts_;
    detail::verdict_merger merger_;
};

} // namespace orfeas::inline v0::detect
