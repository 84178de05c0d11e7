// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/trace_id.hpp>
#include <orfeas/metrics/points.hpp>

#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace orfeas::inline v0::metrics::detail {

/// One exemplar that any thread writes and any reads: whoever comes while another writes gives up.
/// Thread-safe.
class exemplar_slot {
  public:
    /// `generation` says whose exemplar it is: the series may be gone when it is read.
    void write(exemplar const& from, std::uint64_t generation) noexcept {
        std::uint32_t sequence = sequence_.load(std::memory_order_relaxed);
        if (sequence % 2 != 0 ||
            !sequence_.compare_exchange_strong(sequence, sequence + 1, std::memory_order_acq_rel)) {
            return;
        }
        std::array<std::uint64_t, words> const content{
            from.ids.trace.high,
            from.ids.trace.low,
            from.ids.span.value,
            std::bit_cast<std::uint64_t>(from.value),
            static_cast<std::uint64_t>(from.at.time_since_epoch() / std::chrono::nanoseconds{1}),
            generation};
        for (std::size_t i = 0; i < words; ++i) {
            content_[i].store(content[i], std::memory_order_release); // not before the odd sequence
        }
        sequence_.store(sequence + 2, std::memory_order_release);
    }

    /// Nothing if there is none of this generation, or while it is written.
    std::optional<exemplar> read(std::uint64_t generation) const noexcept {
        std::uint32_t const before = sequence_.load(std::memory_order_acquire);
        if (before == 0 || before % 2 != 0) {
            return std::nullopt;
        }
        std::array<std::uint64_t, words> content{};
        for (std::size_t i = 0; i < words; ++i) {
            content[i] = content_[i].load(std::memory_order_acquire); // not after the second look at the sequence
        }
        if (sequence_.load(std::memory_order_relaxed) != before || content[5] != generation) {
            return std::nullopt;
        }
        auto const since_epoch = std::chrono::nanoseconds{static_cast<std::int64_t>(content[4])};
        return exemplar{{{content[0], content[1]}, {content[2]}},
                        std::bit_cast<double>(content[3]),
                        wall_time{std::chrono::duration_cast<wall_time::duration>(since_epoch)}};
    }

  private:
    static constexpr std::size_t words = 6;

    std::atomic<std::uint32_t> sequence_{0}; // odd while it is written
    std::array<std::atomic<std::uint64_t>, words> content_{};
};

/// The exemplars of one series: one for each group of buckets, of which there are at most 64. Which groups want a new one is
/// a bit mask in the series.
using exemplar_slots = std::array<exemplar_slot, 64>;

} // namespace orfeas::inline v0::metrics::detail
