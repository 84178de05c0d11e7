// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/hash.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/core/state.hpp>
#include <orfeas/detect/detail/gap_keeper.hpp>
#include <orfeas/detect/detail/vector_gap_keeper.hpp>
#include <orfeas/detect/gap_policy.hpp>
#include <orfeas/detect/sample.hpp>
#include <orfeas/detect/verdict.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace orfeas::inline v0::detect::detail {

/// A detector of one metric from a judge of values, which knows nothing of times and gaps. `Derived` gives the kind that it is
/// saved under. Thread-compatible (distinct objects).
template<class Derived, class Judge, class Options>
class metric_shell {
  public:
    Options const& options() const noexcept { return options_; }

    verdict update(sample const& each) {
        auto const step = keeper_.admit(each);
        for (std::uint32_t i = 0; i < step.fill; ++i) {
            verdict unseen;
            judge_.judge(unseen, {&step.fill_value, 1});
        }
        verdict made;
        if (step.has_value) {
            judge_.judge(made, {&step.value, 1});
        } else {
            judge_.pass_over(made);
        }
        judge_.tell_silence(made, step.is_silent);
        return made;
    }

    /// Whether enough values were seen to raise an alert.
    bool warm() const noexcept { return judge_.warm(); }

    /// Forgets the stream; alerts keep counting up.
    void reset() {
        keeper_.reset();
        judge_.reset();
    }

    void save(state_writer& out) const { save_state(out, Derived::kind, fingerprint(options_), *this); }
    std::error_code load(state_reader& in) { return load_state(in, Derived::kind, fingerprint(options_), *this); }

    static void state(auto& self, auto&& io) { io(self.keeper_, self.judge_); }
    bool valid() const { return keeper_.valid() && judge_.valid(); }

  private:
    friend Derived;

    explicit metric_shell(Options const& options)
        : options_{checked(options)},
          keeper_{gap_policy_of(options.gaps), options.interval, options.gap_intervals},
          judge_{1, options} {}

    static Options const& checked(Options const& options) {
        validate(options);
        return options;
    }

    Options options_;
    gap_keeper keeper_;
    Judge judge_;
};

/// The same for samples of several metrics. Thread-compatible (distinct objects).
template<class Derived, class Judge, class Options>
class vector_shell {
  public:
    static constexpr std::size_t most_metrics = 1'024;

    Options const& options() const noexcept { return options_; }
    std::size_t metrics() const noexcept { return metrics_; }

    /// Throws std::invalid_argument, and changes nothing, when there are more or fewer values than metrics.
    verdict update(vector_sample const& each) {
        if (each.values.size() != metrics_) {
            refuse(": another number of values than of metrics");
        }
        auto const step = gaps_.admit(each);
        for (std::uint32_t i = 0; i < step.fill; ++i) {
            verdict unseen;
            judge_.judge(unseen, gaps_.filling());
        }
        verdict made;
        if (step.has_values) {
            judge_.judge(made, gaps_.values());
            made.confidence *= static_cast<double>(step.present) / static_cast<double>(metrics_);
        } else {
            judge_.pass_over(made);
        }
        judge_.tell_silence(made, step.is_silent);
        return made;
    }

    /// Of all metrics, what they had in the last score: 1 in all, or 0 where nothing is to blame. A verdict names the largest.
    std::span<double const> shares() const noexcept { return judge_.shares(); }

    /// Whether enough samples were seen to raise an alert.
    bool warm() const noexcept { return judge_.warm(); }

    /// Forgets the stream; alerts keep counting up.
    void reset() {
        gaps_ = {metrics_, gap_policy_of(options_.gaps), options_.interval, options_.gap_intervals};
        judge_.reset();
    }

    void save(state_writer& out) const { save_state(out, Derived::kind, print(), *this); }
    std::error_code load(state_reader& in) { return load_state(in, Derived::kind, print(), *this); }

    static void state(auto& self, auto&& io) { io(self.gaps_, self.judge_); }
    bool valid() const { return gaps_.valid() && judge_.valid(); }

  private:
    friend Derived;

    vector_shell(std::size_t metrics, Options const& options)
        : options_{checked(options)},
          metrics_{checked(metrics)},
          gaps_{metrics, gap_policy_of(options.gaps), options.interval, options.gap_intervals},
          judge_{metrics, options} {}

    [[noreturn]] static void refuse(std::string_view why) {
        throw std::invalid_argument{std::string{Derived::kind.name}.append(why)};
    }

    static Options const& checked(Options const& options) {
        validate(options);
        return options;
    }

    static std::size_t checked(std::size_t metrics) {
        if (metrics == 0 || metrics > most_metrics) {
            refuse(": 1 to 1024 metrics");
        }
        return metrics;
    }

    std::uint64_t print() const { return mix64(fingerprint(options_) ^ mix64(metrics_)); }

    Options options_;
    std::size_t metrics_;
    vector_gap_keeper gaps_;
    Judge judge_;
};

} // namespace orfeas::inline v0::detect::detail
