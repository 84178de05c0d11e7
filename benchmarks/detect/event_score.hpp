// SPDX-License-Identifier: MIT
#pragma once

#include "segments.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

/// Scores that count incidents rather than rows: composite F1 (Garg et al. 2021), false alerts a day, and the share of the
/// metrics that were rightly blamed.

namespace bench::detect {

/// A series with its labels. A row is flagged when its score is at least the threshold.
struct labelled_series {
    std::span<double const> scores;
    std::span<std::uint8_t const> labels;
    double seconds_per_row = 60;
};

/// Two shares and their harmonic mean.
struct f_score {
    double recall = 0;
    double precision = 0;

    double f1() const { return recall + precision == 0 ? 0 : 2 * recall * precision / (recall + precision); }
};

/// Counts what is flagged in one series, row by row in any order.
///
/// An alert is a set of flagged rows with gaps of at most 10 minutes; it is false when it does not touch a segment widened by 5
/// minutes on either side.
class alert_counter {
  public:
    alert_counter(std::span<std::uint8_t const> labels, double seconds_per_row)
        : gap_{static_cast<std::size_t>(std::max(1.0, 600 / seconds_per_row))},
          segments_{segments_of(labels)},
          segment_(labels.size(), none),
          found_(segments_.size()),
          near_(labels.size()),
          parent_(labels.size(), none) {
        auto const margin = static_cast<std::size_t>(300 / seconds_per_row);
        for (std::size_t s = 0; s < segments_.size(); ++s) {
            auto const& [first, last] = segments_[s];
            std::fill(segment_.begin() + offset(first), segment_.begin() + offset(last + 1), s);
            auto const end = std::min(last + margin + 1, labels.size());
            std::fill(near_.begin() + offset(first - std::min(first, margin)), near_.begin() + offset(end),
                      std::uint8_t{1});
            labelled_ += last - first + 1;
        }
        normal_days_ = static_cast<double>(labels.size() - labelled_) * seconds_per_row / 86'400;
    }

    /// Flags a row that was not flagged before. Complexity: amortised, the rows of a gap.
    void flag(std::size_t row) {
        ++flagged_;
        if (auto const s = segment_[row]; s != none) {
            ++hits_;
            if (found_[s] == 0) {
                found_[s] = 1;
                ++segments_found_;
                rows_found_ += segments_[s].last - segments_[s].first + 1;
            }
        }
        parent_[row] = row;
        false_alerts_ += near_[row] != 0 ? 0U : 1U;
        for (std::size_t d = 1; d <= gap_ && d <= row; ++d) {
            if (parent_[row - d] != none) {
                join(row - d, row);
                break;
            }
        }
        for (std::size_t d = 1; d <= gap_ && row + d < parent_.size(); ++d) {
            if (parent_[row + d] != none) {
                join(row + d, row);
                break;
            }
        }
    }

    std::size_t segments() const { return segments_.size(); }
    std::size_t segments_found() const { return segments_found_; }
    std::size_t false_alerts() const { return false_alerts_; }
    double normal_days() const { return normal_days_; }
    double false_alerts_a_day() const { return static_cast<double>(false_alerts_) / normal_days_; }

    /// The share of the normal rows that is flagged.
    double false_share() const { return share(flagged_ - hits_, segment_.size() - labelled_); }

    /// Recall of segments, precision of rows.
    f_score composite() const { return {share(segments_found_, segments_.size()), share(hits_, flagged_)}; }

    /// One hit finds all rows of a segment. Only to show how little it tells.
    f_score point_adjusted() const {
        return {share(rows_found_, labelled_), share(rows_found_, rows_found_ + flagged_ - hits_)};
    }

  private:
    static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

    static std::ptrdiff_t offset(std::size_t i) { return static_cast<std::ptrdiff_t>(i); }
    static double share(std::size_t part, std::size_t of) {
        return of == 0 ? 0 : static_cast<double>(part) / static_cast<double>(of);
    }

    std::size_t root(std::size_t row) {
        while (parent_[row] != row) {
            parent_[row] = parent_[parent_[row]];
            row = parent_[row];
        }
        return row;
    }

    /// Makes two alerts one; it touches a segment if either did. `near_` holds that at its root.
    void join(std::size_t a, std::size_t b) {
        a = root(a);
        b = root(b);
        if (a == b) {
            return;
        }
        if (near_[a] == 0 || near_[b] == 0) {
            --false_alerts_; // two false ones become one, or a false one joins a right one
        }
        parent_[a] = b;
        near_[b] = near_[a] | near_[b];
    }

    std::size_t gap_;
    std::vector<row_window> segments_;
    std::vector<std::size_t> segment_; // of each row
    std::vector<std::uint8_t> found_;
    std::vector<std::uint8_t> near_;
    std::vector<std::size_t> parent_; // forest of the flagged rows
    double normal_days_ = 0;
    std::size_t labelled_ = 0;
    std::size_t flagged_ = 0;
    std::size_t hits_ = 0;
    std::size_t segments_found_ = 0;
    std::size_t rows_found_ = 0;
    std::size_t false_alerts_ = 0;
};

/// Lowers one threshold over all series from the highest score to the lowest and calls `visit(threshold, counters)` at each
/// score that occurs. Complexity: n log n in the rows, and one visit each.
template<class Visit>
void sweep(std::span<labelled_series const> all, Visit visit) {
    struct entry {
        double score;
        std::uint32_t series;
        std::uint32_t row;
    };
    std::vector<entry> order;
    std::vector<alert_counter> counters;
    for (std::size_t s = 0; s < all.size(); ++s) {
        counters.emplace_back(all[s].labels, all[s].seconds_per_row);
        for (std::size_t i = 0; i < all[s].scores.size(); ++i) {
            order.push_back({all[s].scores[i], static_cast<std::uint32_t>(s), static_cast<std::uint32_t>(i)});
        }
    }
    std::sort(order.begin(), order.end(), [](entry const& a, entry const& b) { return a.score > b.score; });
    for (std::size_t i = 0; i < order.size(); ++i) {
        counters[order[i].series].flag(order[i].row);
        if (i + 1 == order.size() || order[i + 1].score < order[i].score) {
            visit(order[i].score, std::span<alert_counter const>{counters});
        }
    }
}

/// The counters of all series at one threshold.
inline std::vector<alert_counter> counted_at(std::span<labelled_series const> all, double threshold) {
    std::vector<alert_counter> counters;
    for (auto const& each : all) {
        auto& counter = counters.emplace_back(each.labels, each.seconds_per_row);
        for (std::size_t i = 0; i < each.scores.size(); ++i) {
            if (each.scores[i] >= threshold) {
                counter.flag(i);
            }
        }
    }
    return counters;
}

/// The mean of the composite F1 of each series.
inline double mean_composite_f1(std::span<alert_counter const> counters) {
    double sum = 0;
    for (auto const& each : counters) {
        sum += each.composite().f1();
    }
    return sum / static_cast<double>(counters.size());
}

/// A threshold and what it reaches.
struct threshold_choice {
    double threshold = std::numeric_limits<double>::infinity();
    double value = 0;
};

/// The one threshold for all series with the best mean composite F1. For one series it is its oracle's.
inline threshold_choice best_composite_f1(std::span<labelled_series const> all) {
    threshold_choice best;
    sweep(all, [&](double threshold, std::span<alert_counter const> counters) {
        if (double const value = mean_composite_f1(counters); value > best.value) {
            best = {threshold, value};
        }
    });
    return best;
}

/// The best point-adjusted F1 of one series.
inline double best_point_adjusted_f1(labelled_series const& series) {
    double best = 0;
    sweep(std::span{&series, 1}, [&](double, std::span<alert_counter const> counters) {
        best = std::max(best, counters[0].point_adjusted().f1());
    });
    return best;
}

/// The share of all segments that can be found with at most `rate` false alerts a day in each series, each with its own
/// threshold. A threshold that flags more than a tenth of the normal rows is none: what flags all is one alert, and not false.
inline double event_recall_at(std::span<labelled_series const> all, double rate) {
    std::size_t found = 0;
    std::size_t segments = 0;
    for (auto const& each : all) {
        std::size_t best = 0;
        std::size_t count = 0;
        sweep(std::span{&each, 1}, [&](double, std::span<alert_counter const> counters) {
            count = counters[0].segments();
            if (counters[0].false_alerts_a_day() <= rate && counters[0].false_share() <= 0.1) {
                best = std::max(best, counters[0].segments_found());
            }
        });
        found += best;
        segments += count;
    }
    return segments == 0 ? 0 : static_cast<double>(found) / static_cast<double>(segments);
}

/// The share of the metrics that are to blame among the first `factor` times as many of `ranked`, which begins with the most
/// blamed. The number is rounded half to even, as in OmniAnomaly's hit rate.
inline double blame_share(std::span<std::size_t const> ranked, std::span<std::size_t const> to_blame, double factor) {
    auto const asked = static_cast<std::size_t>(std::nearbyint(factor * static_cast<double>(to_blame.size())));
    auto const first = ranked.first(std::min(asked, ranked.size()));
    std::size_t right = 0;
    for (auto const each : to_blame) {
        right += std::find(first.begin(), first.end(), each) != first.end() ? 1U : 0U;
    }
    return to_blame.empty() ? 0 : static_cast<double>(right) / static_cast<double>(to_blame.size());
}

} // namespace bench::detect
