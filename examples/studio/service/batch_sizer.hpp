// SPDX-License-Identifier: MIT
#pragma once

#include "service/batcher.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/batch_advisor.hpp>

#include <cstdint>
#include <limits>
#include <mutex>

namespace studio {

using namespace orfeas::literals;

/// Says how large the batches may be that work in a pool, from the memory that earlier ones took: see memory::batch_advisor.
/// Its samples are KiB of weight, in which a batch's peak is near a line (see weight_of); what it is off the line is the
/// working memory of one picture, which is no more than that of the largest grid.
///
/// Until a batch has been measured, the pool's pressure says how many requests a batch takes, whatever their weight. What was
/// learned is forgotten in time: a batch may have found no memory because of others, and pictures change.
/// Thread-safe.
class batch_sizer {
  public:
    /// For batches that may take so many bytes each, at least one.
    explicit batch_sizer(std::uint64_t limit_bytes) : options_{options_for(limit_bytes)}, advisor_{options_} {}

    /// A batch of that weight took so much at its peak; or there was no memory for all of it.
    void observe(std::uint64_t weight, std::uint64_t peak_bytes, bool fits) {
        if (weight == 0) { // no picture was read
            return;
        }
        std::scoped_lock const lock{mutex_};
        if (advisor_.probes() == memory_batches) {
            advisor_ = orfeas::memory::batch_advisor{options_};
        }
        if (fits) {
            advisor_.observe(samples(weight), peak_bytes);
        } else {
            advisor_.observe_out_of_memory(samples(weight));
        }
    }

    /// The largest batch at this pressure of the pool: twice `base` requests at most.
    batch_limits limits(orfeas::memory::memory_pressure pressure, std::uint32_t base) const {
        std::unique_lock lock{mutex_};
        auto const advised = advisor_.adjusted(pressure);
        lock.unlock();
        if (!advised) {
            return {.requests = orfeas::memory::batch_for_pressure(pressure, base)};
        }
        return {.requests = 2 * base, .weight = std::uint64_t{*advised} * sample_bytes};
    }

  private:
    static constexpr std::uint64_t sample_bytes = 1_KiB;
    static constexpr std::uint32_t most_samples = std::numeric_limits<std::uint32_t>::max() - 1;
    static constexpr std::uint32_t memory_batches = 64; // measured until what was learned is forgotten

    static orfeas::memory::batch_advisor_options options_for(std::uint64_t limit_bytes) {
        return {.limit_bytes = limit_bytes,
                .most_batch = most_samples,
                .noise = 0.02,
                .granule_bytes = 16_MiB}; // three maps of floats over a grid of 1024 x 1024, and what is rounded up
    }

    static std::uint32_t samples(std::uint64_t weight) noexcept {
        auto const whole = (weight + sample_bytes - 1) / sample_bytes;
        return whole < most_samples ? static_cast<std::uint32_t>(whole) : most_samples;
    }

    orfeas::memory::batch_advisor_options options_;
    mutable std::mutex mutex_;
    orfeas::memory::batch_advisor advisor_; // guarded
};

} // namespace studio
