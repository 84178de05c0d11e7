// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/floating.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/core/records.hpp>
#include <orfeas/observe/detail/coarse_column.hpp>
#include <orfeas/observe/history.hpp>
#include <orfeas/observe/series.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::observe {

/// Configures a coarse_history. Prefix ORFEAS_COARSE_HISTORY_.
struct coarse_history_options {
    std::chrono::seconds fine_step{10};       ///< of the finer tier
    std::chrono::seconds fine_span{3'600};    ///< that the finer tier reaches back
    std::chrono::seconds coarse_step{60};     ///< of the coarser tier
    std::chrono::seconds coarse_span{86'400}; ///< that the coarser tier reaches back
    std::uint32_t most_series = 500;          ///< further series are not kept, and counted

    static constexpr std::string_view environment_prefix = "ORFEAS_COARSE_HISTORY_";
    static void fields(auto& self, auto&& field) {
        using std::chrono::seconds;
        auto const step = in_range(seconds{1}, seconds{86'400});
        auto const span = in_range(seconds{1}, seconds{366 * 86'400});
        field("fine_step", self.fine_step, step, "over which the finer tier takes values together");
        field("fine_span", self.fine_span, span, "that the finer tier reaches back");
        field("coarse_step", self.coarse_step, step, "over which the coarser tier takes values together");
        field("coarse_span", self.coarse_span, span, "that the coarser tier reaches back");
        field("most_series", self.most_series, in_range(1, 100'000), "series that are kept");
    }
    void check() const {
        require(fine_step < coarse_step, "coarse_step", coarse_step, "above fine_step");
        require(fine_span / fine_step >= 1 && fine_span / fine_step <= 100'000, "fine_span", fine_span,
                "from one fine_step to 100,000 of them");
        require(coarse_span / coarse_step >= 1 && coarse_span / coarse_step <= 100'000, "coarse_span", coarse_span,
                "from one coarse_step to 100,000 of them");
    }

  private:
    static void require(bool holds, std::string_view name, std::chrono::seconds value, std::string_view allowed) {
        if (!holds) {
            throw option_error{name, v0::detail::option_text(value), allowed};
        }
    }
};
static_assert(options<coarse_history_options>);

/// A stretch of a series with the time at which it begins.
struct coarse_point {
    wall_time begin{};
    coarse_value value{};
};

/// What the series have been for longer than the frames reach back: their minimum, mean, maximum and count over stretches of
/// time, in two tiers (by default 10 s for an hour and 1 min for a day).
///
/// A stretch begins at a multiple of its step since the epoch. A clock that is set back overwrites what is later. Series come
/// with their first value and go when no stretch of either tier has one; beyond `most_series`, new ones are left out and
/// counted. Memory: 16 bytes a stretch and series, 29 KB a series with the defaults.
/// Thread-compatible (distinct objects).
class coarse_history {
  public:
    static constexpr std::size_t tier_count = 2;

    /// Throws option_error.
    explicit coarse_history(coarse_history_options const& options = {})
        : options_{checked(options)},
          tiers_{ring{options.fine_step, static_cast<std::size_t>(options.fine_span / options.fine_step)},
                 ring{options.coarse_step, static_cast<std::size_t>(options.coarse_span / options.coarse_step)}} {}

    coarse_history_options const& options() const noexcept { return options_; }

    /// The length of a stretch. `tier` is 0 for the finer one, 1 for the coarser one.
    std::chrono::seconds step(std::size_t tier) const noexcept { return tiers_[tier].step; }

    /// Takes in the newest frame. Linear in the series.
    void take(history const& from) {
        if (from.empty()) {
            return;
        }
        std::uint64_t const seq = from.last_seq();
        advance(from.time(seq));
        auto at = series_.begin();
        from.for_each([&](series const& about, auto const& value_at) {
            double const value = value_at(seq);
            if (!is_finite(value)) {
                return;
            }
            while (at != series_.end() && at->first < about.key) { // both are in the order of keys
                ++at;
            }
            if (at == series_.end() || at->first != about.key) {
                if (series_.size() >= options_.most_series) {
                    ++left_out_;
                    return;
                }
                at = series_.emplace_hint(at, about.key, entry{about, columns()});
            }
            for (std::size_t i = 0; i < tier_count; ++i) {
                at->second.columns[i].add(tiers_[i].newest, value);
            }
        });
    }

    /// The stretches of a series that have values and begin at `since` or later, oldest first; empty for an unknown key.
    std::vector<coarse_point> read(std::string_view key, std::size_t tier, wall_time since = wall_time::min()) const {
        std::vector<coarse_point> made;
        auto const at = series_.find(key);
        if (at != series_.end()) {
            each_stretch(at->second, tier, [&](std::int64_t stretch, coarse_value const& value) {
                wall_time const begin{std::chrono::duration_cast<wall_time::duration>(tiers_[tier].step * stretch)};
                if (begin >= since) {
                    made.push_back({begin, value});
                }
            });
        }
        return made;
    }

    /// Calls `visit(series)` for each series that is kept, in the order of keys.
    template<class Visit>
    void for_each(Visit&& visit) const {
        for (auto const& [key, each] : series_) {
            visit(each.about);
        }
    }

    std::size_t series_count() const noexcept { return series_.size(); }

    /// Values that came without room for their series.
    std::uint64_t left_out() const noexcept { return left_out_; }

    /// Appends all that is kept, in a form that `load` of any coarse_history with the same steps takes up.
    void save(std::vector<std::byte>& to) const;

    /// Replaces all that is kept by what was saved, as far as the tiers reach back. False, and nothing is changed, when the
    /// bytes are not what `save` wrote or the steps are others.
    bool load(std::span<std::byte const> from);

  private:
    static constexpr std::uint32_t layout = 1;

    struct ring {
        std::chrono::seconds step;
        std::size_t capacity;
        std::int64_t newest = 0; // the number of the newest stretch
    };
    struct entry {
        series about;
        std::array<detail::coarse_column, tier_count> columns;
    };
    using series_map = std::map<std::string, entry, std::less<>>;

    static coarse_history_options const& checked(coarse_history_options const& options) {
        validate(options);
        return options;
    }

    std::array<detail::coarse_column, tier_count> columns() const {
        return {detail::coarse_column{tiers_[0].capacity}, detail::coarse_column{tiers_[1].capacity}};
    }

    void advance(wall_time now) {
        for (std::size_t i = 0; i < tier_count; ++i) {
            auto& each = tiers_[i];
            std::int64_t const stretch = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()) / each.step;
            if (stretch == each.newest) {
                continue;
            }
            // what is behind a clock that was set back has become the future, which is unknown
            auto const [from, to] = std::minmax(stretch, each.newest);
            for (auto& [key, one] : series_) {
                one.columns[i].advance(from, to, stretch);
            }
            each.newest = stretch;
            if (i + 1 == tier_count) {
                std::erase_if(series_, [](auto const& one) {
                    return one.second.columns[0].empty() && one.second.columns[1].empty();
                });
            }
        }
    }

    template<class Visit>
    void each_stretch(entry const& of, std::size_t index, Visit&& visit) const {
        auto const& in = tiers_[index];
        for (auto at = in.newest - static_cast<std::int64_t>(in.capacity) + 1; at <= in.newest; ++at) {
            if (auto const& value = of.columns[index][at]; value.count > 0) {
                visit(at, value);
            }
        }
    }

    void save(record_writer& to, entry const& each) const;
    bool load(record_reader& from, series_map& into) const;

    coarse_history_options options_;
    std::array<ring, tier_count> tiers_;
    series_map series_;
    std::uint64_t left_out_ = 0;
};

inline void coarse_history::save(std::vector<std::byte>& to) const {
    record_writer out{to};
    out.number(layout);
    for (auto const& each : tiers_) {
        out.number(static_cast<std::int64_t>(each.step.count()));
        out.number(each.newest);
    }
    out.number(static_cast<std::uint64_t>(series_.size()));
    for (auto const& [key, each] : series_) {
        save(out, each);
    }
}

inline void coarse_history::save(record_writer& to, entry const& each) const {
    for (auto const& text : {each.about.key, each.about.name, each.about.help}) {
        to.text(text);
    }
    to.number(each.about.kind);
    to.number(each.about.unit);
    to.number(static_cast<std::uint32_t>(each.about.labels.size()));
    for (auto const& [name, value] : each.about.labels) {
        to.text(name);
        to.text(value);
    }
    for (std::size_t i = 0; i < tier_count; ++i) {
        std::uint64_t stretches = 0;
        each_stretch(each, i, [&](std::int64_t, coarse_value const&) { ++stretches; });
        to.number(stretches);
        each_stretch(each, i, [&](std::int64_t stretch, coarse_value const& value) {
            to.number(stretch);
            to.number(value.min);
            to.number(value.mean);
            to.number(value.max);
            to.number(value.count);
        });
    }
}

inline bool coarse_history::load(std::span<std::byte const> from) {
    record_reader in{from};
    bool matches = in.number<std::uint32_t>() == layout;
    auto loaded = *this;
    loaded.series_.clear();
    for (auto& each : loaded.tiers_) {
        matches = in.number<std::int64_t>() == each.step.count() && matches;
        each.newest = in.number<std::int64_t>();
    }
    auto const count = in.number<std::uint64_t>();
    for (std::uint64_t i = 0; matches && i < count; ++i) {
        matches = loaded.load(in, loaded.series_);
    }
    if (!matches || !in.good() || !in.at_end()) {
        return false;
    }
    *this = std::move(loaded);
    return true;
}

inline bool coarse_history::load(record_reader& from, series_map& into) const {
    entry each{{}, columns()};
    for (auto* const text : {&each.about.key, &each.about.name, &each.about.help}) {
        *text = from.text();
    }
    each.about.kind = from.number<measurement_kind>();
    each.about.unit = from.number<orfeas::unit>();
    bool sound = each.about.kind <= measurement_kind::counter && each.about.unit <= unit::watts;
    auto const labels = from.number<std::uint32_t>();
    for (std::uint32_t i = 0; i < labels && from.good(); ++i) {
        auto name = from.text();
        each.about.labels.emplace_back(std::move(name), from.text());
    }
    for (std::size_t i = 0; i < tier_count; ++i) {
        auto const stretches = from.number<std::uint64_t>();
        auto const first = tiers_[i].newest - static_cast<std::int64_t>(tiers_[i].capacity);
        for (std::uint64_t n = 0; n < stretches && from.good(); ++n) {
            auto const stretch = from.number<std::int64_t>();
            coarse_value value;
            value.min = from.number<float>();
            value.mean = from.number<float>();
            value.max = from.number<float>();
            value.count = from.number<std::uint32_t>();
            sound = sound && is_finite(value.min) && is_finite(value.mean) && is_finite(value.max);
            if (stretch > first && stretch <= tiers_[i].newest) { // a longer memory was saved than there is now
                each.columns[i].restore(stretch, value);
            }
        }
    }
    if (sound && from.good() && into.size() < options_.most_series) {
        auto key = each.about.key;
        into.emplace(std::move(key), std::move(each));
    }
    return sound && from.good();
}

} // namespace orfeas::inline v0::observe
