// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/measurement.hpp>
#include <orfeas/metrics/callback_gauge.hpp>
#include <orfeas/metrics/counter.hpp>
#include <orfeas/metrics/detail/text_format.hpp>
#include <orfeas/metrics/error.hpp>
#include <orfeas/metrics/escape.hpp>
#include <orfeas/metrics/gauge.hpp>
#include <orfeas/metrics/histogram.hpp>
#include <orfeas/metrics/labels.hpp>
#include <orfeas/metrics/names.hpp>

#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace orfeas::inline v0::metrics::detail {

enum class family_type { counter, gauge, histogram };

constexpr std::string_view to_string(family_type type) noexcept {
    return type == family_type::counter ? "counter" : type == family_type::gauge ? "gauge" : "histogram";
}

/// The labels of one series: owned, sorted by name, and rendered once.
class label_set {
  public:
    label_set() = default;

    /// Throws registration_error for a name that Prometheus does not take, a name given twice, and too many labels.
    label_set(std::string_view metric, label_list labels) {
        if (labels.size() > most_labels) {
            throw registration_error{metric, "has more than 32 labels"};
        }
        for (auto const& [name, value] : labels) {
            owned_.push_back({std::string{name}, std::string{value}});
            for (std::size_t i = owned_.size() - 1; i > 0 && owned_[i].name < owned_[i - 1].name; --i) {
                std::swap(owned_[i], owned_[i - 1]);
            }
        }
        check(metric);
        render();
    }

    /// The same names, each with the value "overflow".
    label_set overflow() const {
        label_set other;
        for (auto const& [name, value] : owned_) {
            other.owned_.push_back({name, "overflow"});
        }
        other.render();
        return other;
    }

    bool has_names_of(label_set const& other) const {
        bool same = owned_.size() == other.owned_.size();
        for (std::size_t i = 0; same && i < owned_.size(); ++i) {
            same = owned_[i].name == other.owned_[i].name;
        }
        return same;
    }

    std::string const& text() const noexcept { return text_; } ///< `a="1",b="2"`, escaped

    std::vector<label> views() const {
        std::vector<label> labels;
        for (auto const& [name, value] : owned_) {
            labels.push_back({name, value});
        }
        return labels;
    }

  private:
    struct owned_label {
        std::string name;
        std::string value;
    };
    static constexpr std::size_t most_labels = 32;

    void check(std::string_view metric) const {
        for (auto const& [name, value] : owned_) {
            if (!is_label_name(name) || name == "le" || name == "quantile") {
                throw registration_error{metric, "label '" + name +
                                                     "' must match [a-zA-Z_][a-zA-Z0-9_]* without two leading "
                                                     "underscores, and be neither le nor quantile"};
            }
        }
        for (std::size_t i = 1; i < owned_.size(); ++i) {
            if (owned_[i].name == owned_[i - 1].name) {
                throw registration_error{metric, "label '" + owned_[i].name + "' is given twice"};
            }
        }
    }

    void render() { append_labels(text_, owned_); }

    std::vector<owned_label> owned_;
    std::string text_;
};

/// One time series: its labels and the cell that holds its value.
struct series {
    using callback_pointer = std::shared_ptr<callback_cell>;
    using cell_variant = std::variant<counter_cell, gauge_cell, callback_pointer, histogram_cell>;

    template<class Cell, class... Args>
    series(label_set set, std::in_place_type_t<Cell> type, Args&&... args)
        : labels{std::move(set)}, cell{type, std::forward<Args>(args)...} {}

    /// The value of a counter or gauge; nothing for a callback gauge that is gone.
    std::optional<double> value() const {
        if (auto const* counter = std::get_if<counter_cell>(&cell)) {
            return counter->value();
        }
        if (auto const* gauge = std::get_if<gauge_cell>(&cell)) {
            return gauge->value();
        }
        return std::get<callback_pointer>(cell)->value();
    }

    std::string const& key() const noexcept { return labels.text(); }

    label_set labels;
    cell_variant cell;
};

/// Entries that stay where they are, in the order of their `key()`. For a search and a few insertions.
/// Thread-compatible (distinct objects).
template<class Entry>
class sorted_entries {
  public:
    /// The entry of a key, or null. O(log n).
    Entry* find(std::string_view key) const noexcept {
        std::size_t const place = place_of(key);
        bool const is_found = place < entries_.size() && entries_[place]->key() == key;
        return is_found ? entries_[place].get() : nullptr;
    }

    /// Adds an entry whose key there is not yet. O(n).
    Entry& insert(std::unique_ptr<Entry> added) {
        auto const place = entries_.begin() + static_cast<std::ptrdiff_t>(place_of(added->key()));
        return **entries_.insert(place, std::move(added));
    }

    std::size_t size() const noexcept { return entries_.size(); }
    auto begin() const noexcept { return entries_.begin(); }
    auto end() const noexcept { return entries_.end(); }

  private:
    /// The place of the first entry that does not come before `key`.
    std::size_t place_of(std::string_view key) const noexcept {
        std::size_t first = 0;
        std::size_t last = entries_.size();
        while (first < last) {
            std::size_t const middle = first + (last - first) / 2;
            if (entries_[middle]->key() < key) {
                first = middle + 1;
            } else {
                last = middle;
            }
        }
        return first;
    }

    std::vector<std::unique_ptr<Entry>> entries_;
};

/// The series of one name. Everything but `members` is constant.
struct family {
    std::string const& key() const noexcept { return name; }

    std::string name;
    family_type type;
    std::string help;
    label_set first_labels; ///< whose names all members share
    stats::bucket_layout layout;
    sorted_entries<series> members; ///< by the text of their labels; never removed
};

/// Appends a histogram's lines with the classic buckets of powers of two, whose counts are exact.
inline void append_histogram(std::string& out, std::string const& name, std::string const& labels,
                             stats::histogram const& values) {
    auto const bucket = [&](double bound, std::uint64_t count) {
        std::string with_bound = labels;
        with_bound.append(labels.empty() ? "le=\"" : ",le=\"");
        append_number(with_bound, bound);
        with_bound.push_back('"');
        append_sample(out, name + "_bucket", with_bound, static_cast<double>(count));
    };
    stats::bucket_layout const& layout = values.layout();
    std::size_t const step = layout.buckets().buckets_per_octave();
    std::uint64_t cumulative = 0;
    for (std::size_t cell = 0; cell + 1 < values.counts().size(); ++cell) {
        cumulative += values.counts()[cell];
        if (cell % step == 0) {
            bucket(layout.upper_bound(cell), cumulative);
        }
    }
    bucket(std::numeric_limits<double>::infinity(), values.count());
    append_sample(out, name + "_sum", labels, values.sum());
    append_sample(out, name + "_count", labels, static_cast<double>(values.count()));
}

} // namespace orfeas::inline v0::metrics::detail
