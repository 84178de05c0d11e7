// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/floating.hpp>
#include <orfeas/metrics/callback_gauge.hpp>
#include <orfeas/metrics/detail/exemplar_slots.hpp>
#include <orfeas/metrics/detail/label_key.hpp>
#include <orfeas/metrics/detail/thread_cells.hpp>
#include <orfeas/metrics/points.hpp>
#include <orfeas/stats/bucket_layout.hpp>
#include <orfeas/stats/histogram.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

namespace orfeas::inline v0::metrics::detail {

struct series;

/// What the updates of one registry's series have in common.
struct registry_link {
    cell_store* cells = nullptr;
    exemplar_ids (*exemplar_source)() noexcept = nullptr;
    wall_time (*wall_now)(void const* clock) noexcept = nullptr;
    void const* clock = nullptr;
    series* rejected = nullptr; ///< counts the updates that were refused
};

/// The value of a gauge, on a line of its own. Those of removed gauges are not used again: somebody may still set them.
struct alignas(64) gauge_level {
    std::atomic<double> value{0};
};

/// A histogram's values of about the last while, from two former states.
struct recent_values {
    std::vector<stats::histogram> former; ///< at most two, the older first
    monotonic_time newest_at{};           ///< when the last of them was taken
};

/// What only some series have.
struct series_extra {
    std::atomic<gauge_level*> level{nullptr};
    std::atomic<exemplar_slot*> exemplars{nullptr};
    std::atomic<std::uint64_t> armed{~std::uint64_t{0}}; ///< which groups of buckets want an exemplar
    std::atomic<bool> is_callback{false};
    std::shared_ptr<callback_cell> callback;
    std::unique_ptr<recent_values> recent;
    std::uint64_t last_seen = 0;  ///< what tells whether there were updates
    monotonic_time last_change{}; ///< the epoch before it has been looked at

    ~series_extra() { delete[] exemplars.load(std::memory_order_relaxed); }
};

/// One time series, or a place for one: places stay where they are and are used again, with another generation.
struct series {
    /// Odd: there is no series here at present.
    static constexpr bool is_live(std::uint64_t generation) noexcept { return generation % 2 == 0; }

    /// Set in `state` while buckets want exemplars from the registry's source: then updates take a slower way.
    static constexpr std::uint64_t armed_flag = std::uint64_t{1} << 63U;

    cell_store* cells = nullptr;
    std::atomic<std::uint64_t> state{1};         ///< the generation and the flag
    cell_number cell = no_cell;                  ///< a whole number or an array; constant
    std::atomic<cell_number> real_cell{no_cell}; ///< made by the first update that is not whole
    std::int32_t offset = 0;                     ///< of the store's place in the table of a thread
    std::uint8_t overflow = 0;                   ///< how many of its labels' kinds were collapsed: 0, 1 or 2
    std::atomic<stored_key*> key{nullptr}; ///< before it, at -1, its capacity in words, at -2 when the series was made
    std::atomic<series_extra*> extra{nullptr}; ///< stays when the place is used again

    std::uint64_t generation(std::memory_order order = std::memory_order_relaxed) const noexcept {
        return state.load(order) & ~armed_flag;
    }

    registry_link& link() const noexcept { return *cells->link; }

    /// Under the registry's lock.
    wall_time created() const noexcept {
        auto const since_epoch = key.load(std::memory_order_relaxed)[-2].load(std::memory_order_relaxed);
        return wall_time{wall_time::duration{static_cast<wall_time::rep>(since_epoch)}};
    }

    series() = default;
    series(series const&) = delete;
    series& operator=(series const&) = delete;
    ~series() { delete extra.load(std::memory_order_relaxed); }

    /// The extra part, made if there is none. Any thread may ask. Throws std::bad_alloc.
    series_extra& provide_extra() {
        series_extra* there = extra.load(std::memory_order_acquire);
        if (there == nullptr) {
            auto made = std::make_unique<series_extra>();
            if (extra.compare_exchange_strong(there, made.get(), std::memory_order_acq_rel)) {
                there = made.release();
            }
        }
        return *there;
    }
};

static_assert(sizeof(series) <= 48, "with its shared cell and what the store knows of it, 64 bytes");

/// A series as a handle knows it.
struct series_ref {
    series* at = nullptr;
    std::uint64_t generation = 0;

    bool is_current() const noexcept { return at->generation() == generation; }
    /// For the slow way, see `cell_store::use`.
    bool is_valid() const noexcept { return at->generation(std::memory_order_seq_cst) == generation; }
};

/// Keeps an exemplar from the registry's source, which is there if anything is armed.
void ask_for_exemplar(series_ref of, std::uint32_t group, std::uint32_t groups, double value) noexcept;

/// Counts a refused update in `metrics_rejected_updates_total`.
void reject(series const& of) noexcept;

/// The way of updates where the state is not just the generation: this thread's cell, if it has one and the series is
/// there; else null. The state after the cell, see cell_store.
inline thread_cell* own_cell(series_ref of, cell_number number) noexcept {
    thread_cell* const own = number == no_cell ? nullptr : cell_of_this_thread(of.at->cells, of.at->offset, number);
    return own != nullptr && of.is_current() ? own : nullptr;
}

/// The slow way, for a thread's first update and where exemplars are wanted; counts it as rejected if the series is gone.
[[gnu::noinline]] inline void count_slowly(series& to, std::uint64_t generation, std::uint64_t n) noexcept {
    series_ref const ref{&to, generation};
    if (thread_cell* const own = own_cell(ref, to.cell)) {
        add_whole(*own, n);
        ask_for_exemplar(ref, 0, 1, static_cast<double>(n));
    } else if (!to.cells->use(
                   to.cell, [&] { return ref.is_valid(); }, [&](thread_cell& mine) { add_whole(mine, n); },
                   [&](thread_cell& shared) { share_whole(shared, n); })) {
        reject(to);
    } else {
        ask_for_exemplar(ref, 0, 1, static_cast<double>(n));
    }
}

/// Adds to the whole number of a series.
inline void count(series& to, std::uint64_t generation, std::uint64_t n) noexcept {
    thread_cell* const own = cell_of_this_thread(to.cells, to.offset, to.cell);
    // the state after the cell, see cell_store
    if (own == nullptr || to.state.load(std::memory_order_relaxed) != generation) [[unlikely]] {
        return count_slowly(to, generation, n);
    }
    add_whole(*own, n);
}

[[gnu::noinline, gnu::cold]] inline void reject(series const& of) noexcept {
    series& rejected = *of.link().rejected;
    count(rejected, rejected.generation(), 1);
}

/// The number of the cell for what is not whole; none without memory.
[[gnu::noinline, gnu::cold]] inline cell_number make_real_cell(series& of) noexcept {
    cell_number made = no_cell;
    try {
        made = of.cells->allocate(cell_kind::real());
    } catch (std::bad_alloc const&) {
        return of.real_cell.load(std::memory_order_acquire);
    }
    cell_number expected = no_cell; // a second one, made at the same moment, stays unused
    return of.real_cell.compare_exchange_strong(expected, made, std::memory_order_acq_rel) ? made : expected;
}

[[gnu::noinline]] inline void count_real_slowly(series& to, std::uint64_t generation, double x) noexcept {
    cell_number number = to.real_cell.load(std::memory_order_acquire);
    series_ref const ref{&to, generation};
    if (thread_cell* const own = own_cell(ref, number)) {
        add_real(*own, x);
        ask_for_exemplar(ref, 0, 1, x);
        return;
    }
    if (number == no_cell) {
        number = make_real_cell(to);
    }
    if (number == no_cell || !to.cells->use(
                                 number, [&] { return ref.is_valid(); }, [&](thread_cell& mine) { add_real(mine, x); },
                                 [&](thread_cell& shared) { share_real(shared, x); })) {
        reject(to);
    } else {
        ask_for_exemplar(ref, 0, 1, x);
    }
}

/// Adds to the real number of a series.
inline void count_real(series& to, std::uint64_t generation, double x) noexcept {
    cell_number const number = to.real_cell.load(std::memory_order_acquire);
    thread_cell* const own = number == no_cell ? nullptr : cell_of_this_thread(to.cells, to.offset, number);
    if (own == nullptr || to.state.load(std::memory_order_relaxed) != generation) [[unlikely]] {
        return count_real_slowly(to, generation, x);
    }
    add_real(*own, x);
}

/// The sum of both numbers of a series, as exact as it can be told. Only while its store is held.
inline number sum_of(series const& of, bool is_signed) noexcept {
    cell_number const real = of.real_cell.load(std::memory_order_acquire);
    std::uint64_t const whole = of.cells->whole_of(of.cell);
    double const rest = real == no_cell ? 0 : of.cells->real_sum_of(real);
    auto const as_signed = static_cast<std::int64_t>(whole);
    double const rounded = is_signed ? static_cast<double>(as_signed) : static_cast<double>(whole);
    return {rounded + rest, as_signed, rest == 0 && (is_signed || as_signed >= 0)};
}

/// The same for a handle: zero once its series has been removed, whatever is in its place by now.
inline number value_of(series_ref of, bool is_signed) noexcept {
    auto const held =
        of.at->cells->hold(); // cells become another series' under this lock, and not before the state says so
    return of.is_current() ? sum_of(*of.at, is_signed) : number{};
}

/// Keeps an exemplar if the group of buckets wants one.
inline void keep_exemplar(series_ref of, std::uint32_t group, std::uint32_t groups, double value,
                          exemplar_ids const& ids) noexcept {
    try {
        series_extra& extra = of.at->provide_extra();
        std::uint64_t const bit = std::uint64_t{1} << group;
        if ((extra.armed.load(std::memory_order_relaxed) & bit) == 0 ||
            (extra.armed.fetch_and(~bit, std::memory_order_relaxed) & bit) == 0) {
            return;
        }
        exemplar_slot* slots = extra.exemplars.load(std::memory_order_acquire);
        if (slots == nullptr) {
            auto made = std::make_unique<exemplar_slot[]>(groups);
            if (extra.exemplars.compare_exchange_strong(slots, made.get(), std::memory_order_acq_rel)) {
                slots = made.release();
            }
        }
        registry_link const& link = of.at->link();
        slots[group].write({ids, value, link.wall_now(link.clock)}, of.generation);
    } catch (std::bad_alloc const&) { // the update itself is counted
    }
}

/// An exemplar that the caller names.
[[gnu::noinline]] inline void keep_named_exemplar(series_ref of, std::uint32_t group, std::uint32_t groups,
                                                  double value, exemplar_ids const& ids) noexcept {
    if (ids && of.is_current()) {
        keep_exemplar(of, group, groups, value, ids);
    }
}

/// Whether a group of buckets of an armed series has no exemplar since it was armed.
inline bool wants_exemplar(series const& of, std::uint32_t group) noexcept {
    series_extra const* const extra = of.extra.load(std::memory_order_acquire);
    return extra == nullptr || (extra->armed.load(std::memory_order_relaxed) >> group & 1U) != 0;
}

[[gnu::noinline]] inline void ask_for_exemplar(series_ref of, std::uint32_t group, std::uint32_t groups,
                                               double value) noexcept {
    if ((of.at->state.load(std::memory_order_relaxed) & series::armed_flag) == 0) {
        return;
    }
    if (!wants_exemplar(*of.at, group)) {
        return;
    }
    if (exemplar_ids const ids = of.at->link().exemplar_source()) {
        keep_exemplar(of, group, groups, value, ids);
        if (groups == 1) { // nothing else wants one
            of.at->state.fetch_and(~series::armed_flag, std::memory_order_relaxed);
        }
    }
}

/// The next update of each group may become its exemplar.
inline void arm(series& each) noexcept {
    if (series_extra* const extra = each.extra.load(std::memory_order_acquire)) {
        extra->armed.store(~std::uint64_t{0}, std::memory_order_relaxed);
    }
    if (each.link().exemplar_source != nullptr) {
        each.state.fetch_or(series::armed_flag, std::memory_order_relaxed);
    }
}

} // namespace orfeas::inline v0::metrics::detail
