// SPDX-License-Identifier: MIT
#pragma once

#include "segments.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

/// VUS-PR (Paparrizos et al. 2022), as TSB-AD computes it: the area under the curve of precision and recall, with labels that
/// fade out over a buffer around each segment, in the mean over all widths of that buffer.

namespace bench::detect {

/// TSB-AD's widest buffer for a series: the lag of the highest peak of its autocorrelation, 125 where that is none of 6 to 303.
inline std::size_t vus_window(std::span<double const> values) {
    values = values.first(std::min<std::size_t>(values.size(), 20'000));
    std::size_t const lags = std::min<std::size_t>(400, values.empty() ? 0 : values.size() - 1);
    double mean = 0;
    for (double const each : values) {
        mean += each;
    }
    mean /= static_cast<double>(values.size());
    auto const correlation = [&](std::size_t lag) {
        double sum = 0;
        for (std::size_t i = lag; i < values.size(); ++i) {
            sum += (values[i] - mean) * (values[i - lag] - mean);
        }
        return sum;
    };
    std::vector<double> all;
    for (std::size_t lag = 3; lag <= lags; ++lag) {
        all.push_back(correlation(lag));
    }
    std::size_t best = 0;
    for (std::size_t i = 1; i + 1 < all.size(); ++i) {
        bool const is_peak = all[i] > all[i - 1] && all[i] > all[i + 1];
        best = is_peak && (best == 0 || all[i] >= all[best]) ? i : best;
    }
    return best < 3 || best > 300 ? 125 : best + 3;
}

/// Computes VUS-PR. Rows are sorted once into the first of the thresholds that they pass; each width of the buffer then costs
/// only the rows within it.
class vus_pr_scorer {
  public:
    static constexpr std::size_t thresholds = 250;

    /// There is at least one labelled row, and a score for each label. The labels outlive the scorer.
    vus_pr_scorer(std::span<double const> scores, std::span<std::uint8_t const> labels)
        : rows_{labels.size()},
          labels_{labels},
          segments_{segments_of(labels)},
          bucket_(rows_),
          flagged_(thresholds),
          labelled_flagged_(thresholds) {
        std::vector<double> sorted{scores.begin(), scores.end()};
        std::sort(sorted.begin(), sorted.end(), std::greater<>{});
        std::vector<double> limits(thresholds);
        for (std::size_t k = 0; k < thresholds; ++k) {
            double const at = static_cast<double>(k) * static_cast<double>(rows_ - 1) / (thresholds - 1);
            limits[k] = sorted[static_cast<std::size_t>(at)];
        }
        for (std::size_t i = 0; i < rows_; ++i) {
            auto const first = std::lower_bound(limits.begin(), limits.end(), scores[i], std::greater<>{});
            bucket_[i] = static_cast<std::size_t>(first - limits.begin());
            flagged_[bucket_[i]] += 1;
            labelled_flagged_[bucket_[i]] += labels[i] != 0 ? 1 : 0;
            labelled_ += labels[i] != 0 ? 1 : 0;
        }
        accumulate(flagged_);
        accumulate(labelled_flagged_);
        for (auto const& each : segments_) {
            first_hit_.push_back(
                *std::min_element(bucket_.begin() + offset(each.first), bucket_.begin() + offset(each.last + 1)));
        }
    }

    /// The area for labels that fade out over `width / 2` rows.
    double average_precision(std::size_t width) const {
        auto const soft = soft_mass(width);
        auto const touched = touched_share(width / 2);
        double area = 0;
        double recall_before = 0;
        for (std::size_t k = 0; k < thresholds; ++k) {
            double const hits = labelled_flagged_[k] + soft[k];
            double const recall = std::min(hits / (labelled_ + soft[k] / 2), 1.0) * touched[k];
            area += (recall - recall_before) * hits / flagged_[k];
            recall_before = recall;
        }
        return area;
    }

    /// The mean over widths of 0 to `window`.
    double score(std::size_t window) const {
        double sum = 0;
        for (std::size_t width = 0; width <= window; ++width) {
            sum += average_precision(width);
        }
        return sum / static_cast<double>(window + 1);
    }

  private:
    static std::ptrdiff_t offset(std::size_t i) { return static_cast<std::ptrdiff_t>(i); }

    static void accumulate(std::vector<double>& of) {
        for (std::size_t k = 1; k < of.size(); ++k) {
            of[k] += of[k - 1];
        }
    }

    /// Calls `use(row, distance)` for the rows of the buffer around a segment.
    template<class Use>
    void each_beside(row_window const& segment, std::size_t half, Use use) const {
        for (std::size_t d = 1; d <= half && d <= segment.first; ++d) {
            use(segment.first - d, d);
        }
        for (std::size_t d = 1; d <= half && segment.last + d < rows_; ++d) {
            use(segment.last + d, d);
        }
    }

    /// For each threshold, the soft labels of the rows in buffers that it flags. Where buffers overlap, labels add up to 1.
    std::vector<double> soft_mass(std::size_t width) const {
        std::vector<double> label(rows_);
        std::vector<double> mass(thresholds);
        for (auto const& segment : segments_) {
            each_beside(segment, width / 2, [&](std::size_t row, std::size_t d) {
                if (labels_[row] != 0) {
                    return; // of the segment beside it: counts whole
                }
                double const value = std::sqrt(1 - static_cast<double>(d) / static_cast<double>(width));
                double const before = label[row];
                label[row] = std::min(1.0, before + value);
                mass[bucket_[row]] += label[row] - before;
            });
        }
        accumulate(mass);
        return mass;
    }

    /// For each threshold, the share of segments with a flagged row in them or in their buffers; those whose buffers overlap are
    /// one.
    std::vector<double> touched_share(std::size_t half) const {
        std::vector<double> touched(thresholds);
        double count = 0;
        std::size_t hit = thresholds;
        for (std::size_t i = 0; i < segments_.size(); ++i) {
            hit = std::min(hit, first_hit_[i]);
            each_beside(segments_[i], half, [&](std::size_t row, std::size_t) { hit = std::min(hit, bucket_[row]); });
            if (i + 1 == segments_.size() || segments_[i].last + half + half < segments_[i + 1].first) {
                touched[hit] += 1;
                count += 1;
                hit = thresholds;
            }
        }
        accumulate(touched);
        for (double& each : touched) {
            each /= count;
        }
        return touched;
    }

    std::size_t rows_;
    std::span<std::uint8_t const> labels_;
    std::vector<row_window> segments_;
    std::vector<std::size_t> bucket_;
    std::vector<double> flagged_; // by threshold, cumulative
    std::vector<double> labelled_flagged_;
    std::vector<std::size_t> first_hit_; // of each segment
    double labelled_ = 0;
};

inline double vus_pr(std::span<double const> scores, std::span<std::uint8_t const> labels, std::size_t window) {
    return vus_pr_scorer{scores, labels}.score(window);
}

} // namespace bench::detect
