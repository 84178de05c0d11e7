// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/batch_advisor.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

/// Simulated models for the batch search: what a step needs at its peak, exactly and as measured.

namespace foresight {

/// A model whose peak is its weights, a workspace and tensors that grow with the batch, rounded as an allocator does.
struct simulated_model {
    std::uint64_t capacity = 0;
    std::uint64_t weights = 0;
    std::uint64_t workspace = 0;
    std::vector<std::uint64_t> tensors; ///< bytes a sample

    /// 8 to 80 GiB of memory, of which weights take 5 to 60 % and a workspace up to 5 %; the rest holds 4 to 512 samples
    /// in 20 to 200 tensors of unequal size.
    explicit simulated_model(std::uint64_t seed) {
        std::mt19937_64 random{seed * 104729};
        auto const uniform = [&](double low, double high) {
            return std::uniform_real_distribution<>{low, high}(random);
        };
        double const memory = uniform(8, 80) * 1024 * 1024 * 1024;
        capacity = static_cast<std::uint64_t>(memory);
        weights = static_cast<std::uint64_t>(memory * uniform(0.05, 0.6));
        workspace = static_cast<std::uint64_t>(memory * uniform(0, 0.05));
        double const samples = std::exp(uniform(std::log(4.0), std::log(512.0)));
        double const sample = static_cast<double>(capacity - weights - workspace) / samples;
        std::vector<double> shares(static_cast<std::size_t>(uniform(20, 200)));
        double sum = 0;
        for (auto& each : shares) {
            sum += each = -std::log(uniform(1e-9, 1));
        }
        for (auto const each : shares) {
            tensors.push_back(static_cast<std::uint64_t>(each / sum * sample));
        }
    }

    /// The exact peak: each tensor in units of 512 bytes, the whole in granules of 2 MiB.
    std::uint64_t peak(std::uint64_t batch) const {
        std::uint64_t bytes = weights + workspace;
        for (auto const each : tensors) {
            bytes += (each * batch + 511) / 512 * 512;
        }
        constexpr std::uint64_t granule = std::uint64_t{2} << 20U;
        return (bytes + granule - 1) / granule * granule;
    }

    std::uint32_t optimum() const {
        std::uint32_t low = 0;
        std::uint32_t high = 4096;
        while (low < high) {
            std::uint32_t const middle = (low + high + 1) / 2;
            (peak(middle) <= capacity ? low : high) = peak(middle) <= capacity ? middle : middle - 1;
        }
        return low;
    }
};

/// What people round batches to: an eighth of the power of two below, at least 1.
inline std::uint32_t batch_step(std::uint32_t batch) {
    std::uint32_t step = 1;
    while (step * 16 <= batch) {
        step *= 2;
    }
    return step;
}

/// How one search ended.
struct search_score {
    std::uint32_t probes = 0;
    std::uint32_t ooms = 0; ///< on the way
    std::uint32_t found = 0;
    std::uint32_t optimum = 0;
    bool overshoot() const { return found > optimum; }
    bool within_step() const { return !overshoot() && found + batch_step(optimum) >= optimum; }
    bool within_one() const { return !overshoot() && found + 1 >= optimum; }
    double share() const { return static_cast<double>(found) / static_cast<double>(optimum); }
};

/// Searches the largest batch of a model. What a step allocates on top of the weights is measured off by up to `noise`.
/// The weights are known from what is allocated before the first step, unless `knows_weights` is false.
inline search_score search_batch(simulated_model const& model, std::uint64_t seed, double noise, bool knows_weights) {
    std::mt19937_64 random{seed + 17};
    std::uniform_real_distribution<> error{-noise, noise};
    orfeas::memory::batch_advisor advisor{
        {.limit_bytes = model.capacity, .resident_bytes = knows_weights ? model.weights : 0, .noise = noise}};
    search_score score{.optimum = model.optimum()};
    while (auto const batch = advisor.next_probe()) {
        auto const peak = model.peak(*batch);
        if (peak > model.capacity) {
            ++score.ooms;
            advisor.observe_out_of_memory(*batch);
        } else {
            double const above = static_cast<double>(peak - model.weights) * (1 + error(random));
            advisor.observe(*batch, model.weights + static_cast<std::uint64_t>(above));
        }
    }
    score.probes = advisor.probes();
    score.found = advisor.result()->batch;
    return score;
}

} // namespace foresight
