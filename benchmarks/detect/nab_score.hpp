// SPDX-License-Identifier: MIT
#pragma once

#include "segments.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

/// The score of the Numenta Anomaly Benchmark (Lavin and Ahmad 2015), with an exact search for the threshold.

namespace bench::detect {

/// What a found window, a missed one and a false alert weigh.
struct nab_profile {
    std::string_view name; ///< as in NAB's files
    double found;
    double missed;
    double false_alert;
};

inline constexpr std::array nab_profiles{nab_profile{"standard", 1, 1, 0.11},
                                         nab_profile{"reward_low_FP_rate", 1, 1, 0.22},
                                         nab_profile{"reward_low_FN_rate", 1, 2, 0.11}};

/// A series as the scorer sees it: one score in [0, 1] a row, and its windows in order, apart from each other.
struct nab_series {
    std::span<double const> scores;
    std::span<row_window const> windows;
};

/// Rows at the beginning that are left out: 15 % of the series, and of 5,000 rows at most.
inline std::size_t nab_probation(std::size_t rows) {
    return std::min(static_cast<std::size_t>(0.15 * static_cast<double>(rows)), std::size_t{750});
}

/// NAB's sigmoid: 1 far before the edge, 0 at it, -1 far behind.
inline double nab_sigmoid(double x) {
    return x > 3 ? -1 : 2 / (1 + std::exp(5 * x)) - 1;
}

/// What an alert at each row is worth in one series, profiles aside.
class nab_positions {
  public:
    static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

    nab_positions(std::size_t rows, std::span<row_window const> windows) : worth_(rows), window_(rows, none) {
        std::size_t next = 0;
        for (std::size_t i = 0; i < rows; ++i) {
            while (next < windows.size() && windows[next].last < i) {
                ++next;
            }
            if (next < windows.size() && windows[next].first <= i) {
                window_[i] = next;
                worth_[i] = inside(windows[next], i);
            } else {
                worth_[i] = next == 0 ? -1 : behind(windows[next - 1], i);
            }
        }
    }

    double worth(std::size_t row) const { return worth_[row]; }        ///< in [0, 1] in a window, else in [-1, 0]
    std::size_t window(std::size_t row) const { return window_[row]; } ///< its number, or `none`

  private:
    static double width(row_window const& w) { return static_cast<double>(w.last - w.first + 1); }
    static double inside(row_window const& w, std::size_t i) {
        return nab_sigmoid(-static_cast<double>(w.last - i + 1) / width(w)) / nab_sigmoid(-1);
    }
    static double behind(row_window const& w, std::size_t i) {
        return nab_sigmoid(static_cast<double>(i - w.last) / (width(w) - 1));
    }

    std::vector<double> worth_;
    std::vector<std::size_t> window_;
};

/// Raw score of one series with alerts at every row from `threshold` up: the best row of each window counts, and every row
/// outside.
inline double nab_raw(nab_series const& series, nab_profile const& profile, double threshold) {
    nab_positions const positions{series.scores.size(), series.windows};
    std::vector<double> best(series.windows.size(), -profile.missed);
    double raw = 0;
    for (std::size_t i = nab_probation(series.scores.size()); i < series.scores.size(); ++i) {
        if (!(series.scores[i] >= threshold)) {
            continue;
        }
        if (auto const w = positions.window(i); w != nab_positions::none) {
            best[w] = std::max(best[w], profile.found * positions.worth(i));
        } else {
            raw += profile.false_alert * positions.worth(i);
        }
    }
    for (double const each : best) {
        raw += each;
    }
    return raw;
}

/// A raw score over `windows` windows such that no alert at all is 0 and all windows found at once is 100.
inline double nab_normalised(double raw, std::size_t windows, nab_profile const& profile) {
    double const count = static_cast<double>(windows);
    return windows == 0 ? 0 : 100 * (raw + count * profile.missed) / (count * (profile.found + profile.missed));
}

inline std::size_t nab_windows(std::span<nab_series const> all) {
    std::size_t count = 0;
    for (auto const& each : all) {
        count += each.windows.size();
    }
    return count;
}

/// The normalised score of a corpus at one threshold.
inline double nab_score(std::span<nab_series const> all, nab_profile const& profile, double threshold) {
    double raw = 0;
    for (auto const& each : all) {
        raw += nab_raw(each, profile, threshold);
    }
    return nab_normalised(raw, nab_windows(all), profile);
}

/// The threshold that serves a corpus best.
struct nab_optimum {
    double threshold = std::numeric_limits<double>::infinity(); ///< infinite: no alert at all is best
    double score = 0;                                           ///< normalised
};

/// Tries every score that occurs as the threshold; rows of equal score change sides together.
/// Complexity: n log n in the rows.
inline nab_optimum nab_best(std::span<nab_series const> all, nab_profile const& profile) {
    struct row {
        double score;
        double worth;
        std::size_t window; // in the corpus
    };
    std::vector<row> rows;
    std::size_t windows = 0;
    for (auto const& each : all) {
        nab_positions const positions{each.scores.size(), each.windows};
        for (std::size_t i = nab_probation(each.scores.size()); i < each.scores.size(); ++i) {
            auto const w = positions.window(i);
            rows.push_back({each.scores[i], positions.worth(i), w == nab_positions::none ? w : windows + w});
        }
        windows += each.windows.size();
    }
    std::sort(rows.begin(), rows.end(), [](row const& a, row const& b) { return a.score > b.score; });
    std::vector<double> best(windows, -profile.missed);
    double raw = -profile.missed * static_cast<double>(windows);
    double most = raw;
    nab_optimum found;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        auto const& each = rows[i];
        if (each.window == nab_positions::none) {
            raw += profile.false_alert * each.worth;
        } else if (double const value = profile.found * each.worth; value > best[each.window]) {
            raw += value - best[each.window];
            best[each.window] = value;
        }
        bool const last_of_equals = i + 1 == rows.size() || rows[i + 1].score < each.score;
        if (last_of_equals && raw > most) {
            most = raw;
            found.threshold = each.score;
        }
    }
    found.score = nab_normalised(most, windows, profile);
    return found;
}

/// The score of a corpus when each series gets the threshold that was best on those of the other folds.
inline double nab_transferred(std::span<nab_series const> all, std::span<std::size_t const> fold_of, std::size_t folds,
                              nab_profile const& profile) {
    double raw = 0;
    for (std::size_t fold = 0; fold < folds; ++fold) {
        std::vector<nab_series> others;
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (fold_of[i] != fold) {
                others.push_back(all[i]);
            }
        }
        double const threshold = nab_best(others, profile).threshold;
        for (std::size_t i = 0; i < all.size(); ++i) {
            raw += fold_of[i] == fold ? nab_raw(all[i], profile, threshold) : 0;
        }
    }
    return nab_normalised(raw, nab_windows(all), profile);
}

/// What an operator sees of one series: alerts are runs of rows from the threshold up, each at most `gap` rows after the last.
struct nab_events {
    std::size_t windows_found = 0;
    std::size_t right = 0; ///< alerts that touch a window
    std::size_t wrong = 0;

    nab_events& operator+=(nab_events const& other) {
        windows_found += other.windows_found;
        right += other.right;
        wrong += other.wrong;
        return *this;
    }
};

inline nab_events count_nab_events(nab_series const& series, double threshold, std::size_t gap) {
    nab_positions const positions{series.scores.size(), series.windows};
    std::vector<bool> found(series.windows.size());
    nab_events events;
    bool open = false;
    bool touches = false;
    std::size_t last = 0;
    auto const close = [&] {
        events.right += open && touches ? 1U : 0U;
        events.wrong += open && !touches ? 1U : 0U;
        open = touches = false;
    };
    for (std::size_t i = nab_probation(series.scores.size()); i < series.scores.size(); ++i) {
        if (!(series.scores[i] >= threshold)) {
            continue;
        }
        if (open && i - last > gap) {
            close();
        }
        open = true;
        last = i;
        if (auto const w = positions.window(i); w != nab_positions::none) {
            touches = found[w] = true;
        }
    }
    close();
    events.windows_found = static_cast<std::size_t>(std::count(found.begin(), found.end(), true));
    return events;
}

} // namespace bench::detect
