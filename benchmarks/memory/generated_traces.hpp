// SPDX-License-Identifier: MIT
#pragma once

#include "memory/trace.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

/// Allocation traces of models in training and in service, made by seeded generators: what a framework allocates for
/// tensors of these shapes (2 bytes an element where not said otherwise), in the order in which it does.

namespace bench {

/// A transformer: its shape, and how it is trained.
struct transformer {
    std::uint64_t layers;
    std::uint64_t hidden;
    std::uint64_t feed_forward;
    std::uint64_t vocabulary;
    std::uint64_t heads;
    std::uint64_t kv_heads;
    std::uint64_t tokens;      ///< a step, at most
    std::uint64_t steps;       ///< to trace
    std::uint64_t shards = 1;  ///< over which optimizer states are spread, and weights where `gathers`
    std::uint64_t experts = 0; ///< 0: dense; else each token goes to two of them
    std::uint64_t rank = 0;    ///< of low-rank adapters; 0: all weights are trained
    bool recomputes = false;   ///< keeps only a layer's output for the backward pass
    bool gathers = false;      ///< holds its share of each layer and gathers the rest around its use
};

/// Traces `transformer` in training.
class training_trace {
  public:
    training_trace(std::string name, transformer model, std::uint64_t seed)
        : model_{model}, random_{seed}, trace_{std::move(name)} {}

    trace make() && {
        allocate_weights();
        for (std::uint64_t step = 0; step < model_.steps; ++step) {
            train_step();
        }
        return std::move(trace_);
    }

  private:
    using ids = std::vector<std::uint32_t>;

    std::uint64_t head_size() const { return model_.hidden / model_.heads; }
    std::uint64_t kv_width() const { return model_.kv_heads * head_size(); }

    std::vector<std::uint64_t> weight_sizes() const {
        auto const h = model_.hidden;
        std::vector<std::uint64_t> sizes{2 * h * h, 2 * kv_width() * h, 2 * kv_width() * h, 2 * h * h};
        for (std::uint64_t e = 0; e < std::max<std::uint64_t>(model_.experts, 1); ++e) {
            sizes.insert(sizes.end(), 3, 2 * h * model_.feed_forward);
        }
        sizes.insert(sizes.end(), 2, 2 * h);
        return sizes;
    }

    std::uint64_t layer_bytes() const {
        std::uint64_t sum = 0;
        for (auto const each : weight_sizes()) {
            sum += each;
        }
        return sum;
    }

    /// The weights that the optimizer works on, by tensor.
    std::vector<std::uint64_t> trained_sizes() const {
        if (model_.rank == 0) {
            return weight_sizes();
        }
        return std::vector<std::uint64_t>(8, 2 * model_.hidden * model_.rank);
    }

    void allocate_weights() {
        trace_.allocate(2 * model_.vocabulary * model_.hidden);
        for (std::uint64_t layer = 0; layer < model_.layers; ++layer) {
            for (auto const each : weight_sizes()) {
                trace_.allocate(model_.gathers ? each / model_.shards : each);
            }
            if (model_.rank != 0) {
                allocate_all(trained_sizes());
            }
        }
        trace_.allocate(std::uint64_t{32} << 20);
    }

    ids allocate_all(std::vector<std::uint64_t> const& sizes) {
        ids made;
        for (auto const each : sizes) {
            made.push_back(trace_.allocate(each));
        }
        return made;
    }

    void free_all(ids const& those) {
        for (auto const id : those) {
            trace_.free(id);
        }
    }

    void free_in_any_order(ids those) {
        std::shuffle(those.begin(), those.end(), random_);
        free_all(those);
    }

    /// Sequences of one length make a batch of at most `tokens`.
    std::uint64_t draw_tokens() {
        std::lognormal_distribution<double> length{std::log(900.0), 0.7};
        auto const clipped = std::clamp(length(random_), 64.0, 4096.0);
        auto const sequence = static_cast<std::uint64_t>(clipped) / 8 * 8;
        return std::max<std::uint64_t>(1, model_.tokens / sequence) * sequence;
    }

    /// The tokens that go to each expert: shares from a gamma distribution.
    std::vector<std::uint64_t> route(std::uint64_t tokens) {
        std::gamma_distribution<double> share{2.0, 1.0};
        std::vector<double> shares(model_.experts);
        double sum = 0;
        for (auto& each : shares) {
            sum += each = share(random_);
        }
        std::vector<std::uint64_t> routed;
        for (auto const each : shares) {
            routed.push_back(static_cast<std::uint64_t>(2.0 * static_cast<double>(tokens) * each / sum));
        }
        return routed;
    }

    /// What a layer's forward pass keeps for its backward pass, without the layer's output.
    ids forward(std::uint64_t tokens, std::vector<std::uint64_t> const& routed) {
        auto const h = model_.hidden;
        ids kept;
        auto const keep = [&](std::uint64_t bytes) { kept.push_back(trace_.allocate(bytes)); };
        auto const adapt = [&] {
            if (model_.rank != 0) {
                keep(2 * tokens * model_.rank);
                keep(2 * tokens * model_.rank);
            }
        };
        keep(2 * tokens * h);
        keep(4 * tokens);
        keep(2 * tokens * (h + 2 * kv_width()));
        adapt();
        keep(2 * tokens * (h + kv_width()));
        keep(2 * tokens * h);
        keep(4 * model_.heads * tokens);
        auto const projection = trace_.allocate(2 * tokens * h);
        adapt();
        keep(2 * tokens * h);
        trace_.free(projection);
        keep(2 * tokens * h);
        keep(4 * tokens);
        if (routed.empty()) {
            for (int i = 0; i < 3; ++i) {
                keep(2 * tokens * model_.feed_forward);
            }
        }
        for (auto const each : routed) {
            keep(2 * each * h);
            for (int i = 0; i < 3; ++i) {
                keep(2 * each * model_.feed_forward);
            }
            keep(2 * each * h);
        }
        adapt();
        auto const down = trace_.allocate(2 * tokens * h);
        adapt();
        trace_.free(down);
        return kept;
    }

    std::uint32_t gather() { return trace_.allocate(layer_bytes()); }

    void backward(std::uint64_t tokens, ids kept, ids& gradients) {
        auto const h = model_.hidden;
        ids working;
        for (auto const bytes : {2 * tokens * model_.feed_forward, 2 * tokens * model_.feed_forward, 2 * tokens * h,
                                 2 * tokens * h, 2 * tokens * (h + 2 * kv_width())}) {
            working.push_back(trace_.allocate(bytes));
        }
        for (auto const bytes : trained_sizes()) {
            gradients.push_back(trace_.allocate(model_.gathers && model_.rank == 0 ? bytes / model_.shards : bytes));
        }
        free_in_any_order(std::move(kept));
        free_all(working);
    }

    void loss(std::uint64_t tokens) {
        auto const logits = trace_.allocate(2 * tokens * model_.vocabulary);
        auto const wide = trace_.allocate(4 * tokens * model_.vocabulary);
        auto const gradient = trace_.allocate(4 * tokens * model_.vocabulary);
        trace_.free(wide);
        trace_.free(gradient);
        trace_.free(logits);
    }

    void train_step() {
        auto const tokens = draw_tokens();
        std::vector<ids> kept(model_.layers);
        ids outputs;
        for (std::uint64_t layer = 0; layer < model_.layers; ++layer) {
            std::optional<std::uint32_t> weights;
            if (model_.gathers) {
                weights = gather();
            }
            auto mine = forward(tokens, model_.experts == 0 ? std::vector<std::uint64_t>{} : route(tokens));
            outputs.push_back(trace_.allocate(2 * tokens * model_.hidden));
            if (model_.recomputes) {
                free_in_any_order(std::move(mine));
            } else {
                kept[layer] = std::move(mine);
            }
            if (weights) {
                trace_.free(*weights);
            }
        }
        loss(tokens);
        ids gradients;
        for (auto layer = model_.layers; layer-- > 0;) {
            std::optional<std::uint32_t> weights;
            if (model_.gathers) {
                weights = gather();
            }
            if (model_.recomputes) {
                kept[layer] = forward(tokens, model_.experts == 0 ? std::vector<std::uint64_t>{} : route(tokens));
            }
            backward(tokens, std::move(kept[layer]), gradients);
            trace_.free(outputs[layer]);
            if (weights) {
                trace_.free(*weights);
            }
        }
        allocate_optimizer_once();
        free_all(gradients);
    }

    /// Adam keeps three states of 4 bytes for each of a trained weight's elements.
    void allocate_optimizer_once() {
        if (std::exchange(has_optimizer_, true)) {
            return;
        }
        for (std::uint64_t layer = 0; layer < model_.layers; ++layer) {
            for (auto const each : trained_sizes()) {
                for (int i = 0; i < 3; ++i) {
                    trace_.allocate(4 * (each / 2) / model_.shards);
                }
            }
        }
    }

    transformer model_;
    std::mt19937_64 random_;
    trace trace_;
    bool has_optimizer_ = false;
};

/// A language model in service with a contiguous cache of keys and values a request and layer, which grows by
/// reallocation: a transformer of 8 billion weights that shares keys among its heads.
class serving_trace {
  public:
    serving_trace(std::string name, std::uint64_t steps, std::uint64_t seed)
        : steps_{steps}, random_{seed}, trace_{std::move(name)} {}

    trace make() && {
        allocate_weights();
        for (std::uint64_t step = 0; step < steps_; ++step) {
            serve_step();
        }
        return std::move(trace_);
    }

  private:
    static constexpr std::uint64_t layers = 32;
    static constexpr std::uint64_t hidden = 4096;
    static constexpr std::uint64_t feed_forward = 14336;
    static constexpr std::uint64_t vocabulary = 128256;
    static constexpr std::uint64_t kv_width = std::uint64_t{8} * 128;
    static constexpr std::uint64_t most_tokens = 120'000; ///< that all requests may hold together
    static constexpr std::uint64_t growth = 64;

    struct request {
        std::uint64_t tokens;
        std::uint64_t left; ///< to generate
        std::uint64_t capacity;
        std::vector<std::uint32_t> cache;
    };

    void allocate_weights() {
        trace_.allocate(2 * vocabulary * hidden);
        for (std::uint64_t i = 0; i < layers; ++i) {
            for (auto const each : {2 * hidden * hidden, 2 * hidden * kv_width, 2 * hidden * kv_width,
                                    2 * hidden * hidden, 2 * hidden * feed_forward, 2 * hidden * feed_forward,
                                    2 * hidden * feed_forward, 2 * hidden, 2 * hidden}) {
                trace_.allocate(each);
            }
        }
        trace_.allocate(2 * vocabulary * hidden);
        trace_.allocate(std::uint64_t{32} << 20);
    }

    std::uint64_t draw(double median, double sigma, std::uint64_t most) {
        std::lognormal_distribution<double> size{std::log(median), sigma};
        return std::clamp<std::uint64_t>(static_cast<std::uint64_t>(size(random_)), 1, most);
    }

    void admit(std::uint64_t& new_tokens) {
        std::poisson_distribution<int> arrivals{1.0};
        for (int i = std::min(arrivals(random_), 2); i > 0; --i) {
            auto const prompt = draw(400, 0.9, 8192);
            auto const capacity = (prompt + growth) / growth * growth;
            if (held_ + capacity > most_tokens) {
                return;
            }
            request r{prompt, draw(180, 0.8, 4096), capacity, {}};
            for (std::uint64_t k = 0; k < 2 * layers; ++k) {
                r.cache.push_back(trace_.allocate(2 * capacity * kv_width));
            }
            held_ += capacity;
            new_tokens += prompt;
            requests_.push_back(std::move(r));
        }
    }

    void grow(request& r) {
        r.capacity += growth;
        held_ += growth;
        for (auto& each : r.cache) {
            auto const larger = trace_.allocate(2 * r.capacity * kv_width);
            trace_.free(std::exchange(each, larger));
        }
    }

    void run_layers(std::uint64_t tokens) {
        for (std::uint64_t i = 0; i < layers; ++i) {
            auto const norm = trace_.allocate(2 * tokens * hidden);
            auto const qkv = trace_.allocate(2 * tokens * (hidden + 2 * kv_width));
            auto const attention = trace_.allocate(2 * tokens * hidden);
            trace_.free(qkv);
            trace_.free(norm);
            auto const gate = trace_.allocate(2 * tokens * 2 * feed_forward);
            auto const active = trace_.allocate(2 * tokens * feed_forward);
            trace_.free(gate);
            auto const down = trace_.allocate(2 * tokens * hidden);
            trace_.free(active);
            trace_.free(attention);
            trace_.free(down);
        }
    }

    void serve_step() {
        std::uint64_t new_tokens = 0;
        admit(new_tokens);
        if (requests_.empty()) {
            return;
        }
        run_layers(new_tokens + requests_.size());
        auto const logits = trace_.allocate(4 * requests_.size() * vocabulary);
        trace_.free(logits);
        for (std::size_t i = 0; i < requests_.size();) {
            auto& r = requests_[i];
            ++r.tokens;
            if (--r.left > 0) {
                if (r.tokens > r.capacity) {
                    grow(r);
                }
                ++i;
                continue;
            }
            for (auto const each : r.cache) {
                trace_.free(each);
            }
            held_ -= r.capacity;
            std::swap(r, requests_.back());
            requests_.pop_back();
        }
    }

    std::uint64_t steps_;
    std::mt19937_64 random_;
    trace trace_;
    std::vector<request> requests_;
    std::uint64_t held_ = 0;
};

/// A server of several models: six are resident, one of them is replaced every 40 steps or so, and each request runs an
/// image network of its own batch and resolution with a scratch workspace.
class models_trace {
  public:
    models_trace(std::string name, std::uint64_t steps, std::uint64_t seed)
        : steps_{steps}, random_{seed}, trace_{std::move(name)} {}

    trace make() && {
        for (int i = 0; i < 6; ++i) {
            models_.push_back(load());
        }
        for (std::uint64_t step = 0; step < steps_; ++step) {
            if (draw(1, 40) == 1) {
                replace();
            }
            infer();
        }
        return std::move(trace_);
    }

  private:
    struct model {
        std::uint64_t layers;
        std::uint64_t hidden;
        std::vector<std::uint32_t> weights;
    };

    std::uint64_t draw(std::uint64_t least, std::uint64_t most) {
        return std::uniform_int_distribution<std::uint64_t>{least, most}(random_);
    }

    model load() {
        model made{draw(8, 48), draw(4, 40) * 64, {}};
        auto const h = made.hidden;
        for (std::uint64_t i = 0; i < made.layers; ++i) {
            for (auto const each : {2 * h * h, 2 * h * h, 2 * h * h, 2 * h * h, 8 * h * h, 8 * h * h, 2 * h, 2 * h}) {
                made.weights.push_back(trace_.allocate(each));
            }
        }
        return made;
    }

    void replace() {
        auto& victim = models_[draw(0, models_.size() - 1)];
        for (auto const each : victim.weights) {
            trace_.free(each);
        }
        victim = load();
    }

    void infer() {
        auto const& chosen = models_[draw(0, models_.size() - 1)];
        auto const batch = draw(1, 16);
        auto const resolution = draw(3, 16) * 64;
        auto const workspace = trace_.allocate(draw(1, 64) << 20);
        std::vector<std::uint32_t> skips;
        auto const levels = std::min<std::uint64_t>(chosen.layers, 24);
        auto const bytes_at = [&](std::uint64_t level) {
            auto const channels = std::min<std::uint64_t>(64 << (level / 6), 320);
            auto const side = resolution >> (level / 6);
            return std::max<std::uint64_t>(2 * batch * channels * side * side / 16, 512);
        };
        std::uint32_t flowing = trace_.allocate(bytes_at(0));
        for (std::uint64_t level = 0; level < levels; ++level) {
            auto const next = trace_.allocate(bytes_at(level));
            if (level % 3 == 2) {
                skips.push_back(flowing);
            } else {
                trace_.free(flowing);
            }
            flowing = next;
        }
        while (!skips.empty()) {
            auto const next = trace_.allocate(trace_.bytes_of(skips.back()));
            trace_.free(flowing);
            trace_.free(skips.back());
            skips.pop_back();
            flowing = next;
        }
        trace_.free(flowing);
        trace_.free(workspace);
    }

    std::uint64_t steps_;
    std::mt19937_64 random_;
    trace trace_;
    std::vector<model> models_;
};

/// The five workloads of the benchmark: dense training, adapters with recomputation and sharded weights, a mixture of
/// experts with recomputation, a language model in service, and a server of several models.
inline std::vector<trace> generated_traces(std::uint64_t seed = 1) {
    transformer const dense{.layers = 24,
                            .hidden = 2048,
                            .feed_forward = 8192,
                            .vocabulary = 50272,
                            .heads = 16,
                            .kv_heads = 16,
                            .tokens = 8192,
                            .steps = 30,
                            .shards = 8};
    transformer const adapters{.layers = 32,
                               .hidden = 4096,
                               .feed_forward = 11008,
                               .vocabulary = 32000,
                               .heads = 32,
                               .kv_heads = 32,
                               .tokens = 16384,
                               .steps = 30,
                               .shards = 8,
                               .rank = 32,
                               .recomputes = true,
                               .gathers = true};
    transformer const experts{.layers = 24,
                              .hidden = 1024,
                              .feed_forward = 2816,
                              .vocabulary = 32000,
                              .heads = 16,
                              .kv_heads = 8,
                              .tokens = 8192,
                              .steps = 30,
                              .shards = 4,
                              .experts = 8,
                              .recomputes = true};
    std::vector<trace> made;
    made.push_back(training_trace{"T1 dense training", dense, seed}.make());
    made.push_back(training_trace{"T2 adapters, recomputation, shards", adapters, seed + 1}.make());
    made.push_back(training_trace{"T3 experts, recomputation", experts, seed + 2}.make());
    made.push_back(serving_trace{"T4 language model in service", 1200, seed + 3}.make());
    made.push_back(models_trace{"T5 server of several models", 1500, seed + 4}.make());
    return made;
}

} // namespace bench
