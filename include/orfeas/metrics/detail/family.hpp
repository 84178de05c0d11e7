// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/metrics/detail/label_key.hpp>
#include <orfeas/metrics/detail/label_table.hpp>
#include <orfeas/metrics/detail/series.hpp>
#include <orfeas/metrics/histogram.hpp>
#include <orfeas/metrics/points.hpp>

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::metrics::detail {

/// What a family is registered with.
struct description {
    std::string_view name;
    metric_type type;
    std::string_view help;
    stats::bucket_layout layout{};
};

/// The first place in a sorted range whose element does not come before what is looked for. O(log n); here because
/// <algorithm> takes longer to compile than this module.
template<class Iterator, class ComesBefore>
Iterator first_not_before(Iterator first, std::size_t size, ComesBefore comes_before) {
    while (size > 0) {
        std::size_t const half = size / 2;
        Iterator const middle = first + static_cast<std::ptrdiff_t>(half);
        if (comes_before(*middle)) {
            first = middle + 1;
            size -= half + 1;
        } else {
            size = half;
        }
    }
    return first;
}

/// The value that stands for all values of a label in a family that is full.
inline constexpr std::string_view overflow_value = "overflow";

/// The series of one name. Everything but the series is constant. `find` takes no lock; for all else the registry's lock is
/// held.
class family {
  public:
    static constexpr std::size_t most_labels = 32;

    /// `label_names` are sorted; bit `i` of `unbounded` says that values of the label `i` have no end.
    family(registry_link& link, description const& of, std::vector<std::string> label_names, std::uint32_t unbounded,
           std::uint32_t most_series)
        : link_{link},
          name_{of.name},
          help_{of.help},
          type_{of.type},
          shape_{of.layout},
          label_names_{std::move(label_names)},
          unbounded_{unbounded},
          most_series_{most_series} {
        if (type_ == metric_type::histogram) {
            shape_.write_bounds();
        }
    }

    std::string const& name() const noexcept { return name_; }
    std::string const& help() const noexcept { return help_; }
    metric_type type() const noexcept { return type_; }
    histogram_shape const& shape() const noexcept { return shape_; }
    std::span<std::string const> label_names() const noexcept { return label_names_; }
    std::uint32_t unbounded() const noexcept { return unbounded_; }
    cell_store& cells() const noexcept { return *link_.cells; }

    /// One of the registry's own, which nobody removes.
    bool is_own() const noexcept { return is_own_; }
    void make_own() noexcept { is_own_ = true; }

    /// The live series in the order of their label values.
    std::span<std::uint32_t const> sorted() const noexcept { return sorted_; }
    series& at(std::uint32_t number) const noexcept { return places_[number]; }

    series_ref find(label_values values) const noexcept { return table_.find(values, hash_of(values)); }

    /// Before a search, and after it `was_exact`: whether a series that it did not find was not there.
    std::uint64_t changes() const noexcept { return table_.changes(); }
    bool was_exact(std::uint64_t changes_before) const noexcept {
        return changes_before % 2 == 0 && table_.changes() == changes_before;
    }

    /// How much of the labels has to be collapsed for a new series: 0 nothing, 1 those without end, 2 all. Any thread may
    /// ask; the answer is certain under the lock.
    std::uint32_t overflow() const noexcept {
        if (ordinary_.load(std::memory_order_acquire) < most_series_) {
            return 0;
        }
        bool const preserves = unbounded_ != 0 && preserving_.load(std::memory_order_acquire) < most_series_;
        return preserves ? 1 : 2;
    }

    /// Whether such an overflow takes the value of a label away.
    bool collapses(std::size_t label, std::uint32_t overflow) const noexcept {
        return overflow == 2 || (overflow == 1 && (unbounded_ >> label & 1U) != 0);
    }

    /// Adds a series that there is not yet; a gauge's may have its value from a callback. Throws std::bad_alloc, and there is
    /// no new series.
    series_ref insert(label_values values, std::uint32_t overflow, wall_time now,
                      std::shared_ptr<callback_cell> callback = nullptr) {
        make_room(sorted_, sorted_.size() + 1);
        make_room(unused_, places_.size() + 2); // so that removing needs no memory
        make_room(clean_, places_.size() + 2);
        std::uint32_t const number = take_place();
        series& made = places_[number];
        try {
            prepare(made, values, std::move(callback));
            table_.insert(number, hash_of(values));
        } catch (...) {
            forget_extra(made);
            clean_.push_back(number);
            throw;
        }
        made.overflow = static_cast<std::uint8_t>(overflow);
        made.key.load(std::memory_order_relaxed)[-2].store(static_cast<std::uint64_t>(now.time_since_epoch().count()),
                                                           std::memory_order_relaxed);
        sorted_.insert(place_of(number), number);
        if (overflow < 2) {
            (overflow == 0 ? ordinary_ : preserving_).fetch_add(1, std::memory_order_release);
        }
        std::uint64_t const generation = made.generation() + 1;
        made.state.store(generation, std::memory_order_release);
        arm(made);
        return {&made, generation};
    }

    /// Takes a live series out. Handles to it find that out by its generation.
    void remove(std::uint32_t number) noexcept {
        series& gone = places_[number];
        std::array<std::string_view, most_labels> values;
        stored_values stored{gone.key.load(std::memory_order_relaxed)};
        for (std::size_t i = 0; i < label_names_.size(); ++i) {
            values[i] = stored.next();
        }
        table_.erase(number, hash_of({values.data(), label_names_.size()}));
        sorted_.erase(place_of(number));
        if (gone.overflow < 2) {
            (gone.overflow == 0 ? ordinary_ : preserving_).fetch_sub(1, std::memory_order_relaxed);
        }
        // only here it changes, but for the flag; before the cells are looked at, see cell_store
        gone.state.store(gone.generation() + 1, std::memory_order_seq_cst);
        forget_extra(gone);
        unused_.push_back(number);
    }

    /// The number of a live series.
    std::uint32_t number_of(series_ref of) const noexcept {
        for (std::uint32_t const number : sorted_) {
            if (&places_[number] == of.at) {
                return number;
            }
        }
        ORFEAS_ASSERT(false, "a series of this family");
        return 0;
    }

  private:
    static constexpr std::size_t recycled_at_once = 64; ///< recycling makes each thread look at its cells

    static void make_room(std::vector<std::uint32_t>& in, std::size_t size) {
        if (in.capacity() < size) {
            in.reserve(size * 2);
        }
    }

    /// A place whose cells, if it has any, are zero.
    std::uint32_t take_place() {
        if (clean_.empty() && unused_.size() >= recycled_at_once && recycle()) {
            std::swap(clean_, unused_);
        }
        if (!clean_.empty()) {
            std::uint32_t const number = clean_.back();
            clean_.pop_back();
            return number;
        }
        std::uint32_t const number = places_.grow();
        series& made = places_[number];
        made.cells = link_.cells;
        made.offset = link_.cells->offset();
        return number;
    }

    bool recycle() {
        std::vector<cell_number> numbers;
        for (std::uint32_t const number : unused_) {
            if (places_[number].cell != no_cell) {
                numbers.push_back(places_[number].cell);
            }
            if (cell_number const real = places_[number].real_cell.load(std::memory_order_acquire); real != no_cell) {
                numbers.push_back(real);
            }
        }
        return numbers.empty() || link_.cells->recycle(numbers);
    }

    /// What only the series that goes has.
    static void forget_extra(series& gone) noexcept {
        if (series_extra* const extra = gone.extra.load(std::memory_order_relaxed)) {
            extra->is_callback.store(false, std::memory_order_relaxed);
            extra->callback.reset();
            extra->recent.reset();
            extra->last_change = {};
        }
    }

    /// What a series needs before it can be found.
    void prepare(series& made, label_values values, std::shared_ptr<callback_cell> callback) {
        if (callback != nullptr) {
            series_extra& extra = made.provide_extra();
            extra.callback = std::move(callback);
            extra.is_callback.store(true, std::memory_order_release);
        } else if (type_ == metric_type::gauge) {
            levels_.push_back(std::make_unique<gauge_level>());
            made.provide_extra().level.store(levels_.back().get(), std::memory_order_release);
        } else if (made.cell == no_cell) {
            made.cell = link_.cells->allocate(type_ == metric_type::histogram
                                                  ? cell_kind::array(static_cast<std::uint32_t>(shape_.layout.size()))
                                                  : cell_kind::whole());
        }
        store_key(made, values);
    }

    /// Memory for a key is handed on from series to series, and never given back: somebody may read it still.
    void store_key(series& made, label_values values) {
        std::size_t const words = words_of(values);
        stored_key* there = made.key.load(std::memory_order_relaxed);
        if (there == nullptr || there[-1].load(std::memory_order_relaxed) < words + 1) {
            std::size_t const capacity = std::bit_ceil(words + 3) - 2;
            keys_.push_back(std::make_unique<stored_key[]>(capacity + 2));
            there = keys_.back().get() + 2;
            there[-1].store(capacity, std::memory_order_relaxed);
            made.key.store(there, std::memory_order_release);
        }
        store(there, values, words);
    }

    /// Where a series stands, or would stand, among the sorted.
    std::vector<std::uint32_t>::iterator place_of(std::uint32_t number) noexcept {
        return first_not_before(sorted_.begin(), sorted_.size(),
                                [&](std::uint32_t each) { return comes_before(each, number); });
    }

    bool comes_before(std::uint32_t a, std::uint32_t b) const noexcept {
        stored_values left{places_[a].key.load(std::memory_order_relaxed)};
        stored_values right{places_[b].key.load(std::memory_order_relaxed)};
        for (std::size_t i = 0; i < label_names_.size(); ++i) {
            if (int const order = left.next().compare(right.next()); order != 0) {
                return order < 0;
            }
        }
        return false;
    }

    registry_link& link_;
    std::string name_;
    std::string help_;
    metric_type type_;
    histogram_shape shape_;
    std::vector<std::string> label_names_;
    std::uint32_t unbounded_;
    std::uint32_t most_series_;
    bool is_own_ = false;

    series_places places_;
    label_table table_{places_};
    std::vector<std::uint32_t> sorted_;
    std::vector<std::uint32_t> unused_; // their cells may hold what the former series counted
    std::vector<std::uint32_t> clean_;
    std::atomic<std::uint32_t> ordinary_{0};   // series with all their labels
    std::atomic<std::uint32_t> preserving_{0}; // series with only the labels without end collapsed
    std::vector<std::unique_ptr<gauge_level>> levels_;
    std::vector<std::unique_ptr<stored_key[]>> keys_;
};

} // namespace orfeas::inline v0::metrics::detail
