// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/error.hpp>
#include <orfeas/core/function_ref.hpp>
#include <orfeas/core/trace_id.hpp>
#include <orfeas/trace/keep_reason.hpp>
#include <orfeas/trace/options.hpp>
#include <orfeas/trace/span_context.hpp>

#include <atomic>
#include <charconv>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Which traces are recorded, and which of these are kept. A *head* sampler decides when a trace begins in this process,
/// from what is known then; a *tail* policy decides when it has ended, from how it went.

namespace orfeas::inline v0::trace {

/// What becomes of a trace that begins.
enum class head_decision : std::uint8_t {
    drop,              ///< nothing is recorded; the ids travel on with the sampled flag cleared
    record_only,       ///< recorded for this process alone: the sampled flag is cleared
    record_and_sample, ///< recorded, and those who are called are told to record too
};

/// What a head sampler may ask about the trace that begins.
struct sampling_request {
    span_context parent; ///< in another process; all zero where the trace begins here
    trace_id trace;
    std::string_view name; ///< of the local root
    span_kind kind = span_kind::internal;
    function_ref<monotonic_time()> now; ///< the present time, for who needs it
};

/// Decides when a trace begins. `decide` is called by several threads at once.
template<class S>
concept head_sampler = requires(S& s, sampling_request const& request) {
    { s.decide(request) } noexcept -> std::same_as<head_decision>;
};

/// How a trace went, for a tail policy.
struct trace_outcome {
    trace_id trace;
    std::string_view name; ///< of the local root
    std::chrono::nanoseconds duration{};
    bool failed = false;
    bool sampled = false;                      ///< by the head sampler, here or where the trace came from
    std::chrono::nanoseconds usual_duration{}; ///< the quantile that the options ask for; zero while it is not known
    std::uint64_t kept_this_second = 0;        ///< traces kept with the same root
};

/// Decides when a trace has ended. `keep` is called by one thread at a time.
template<class P>
concept tail_policy = requires(P& p, trace_outcome const& outcome) {
    { p.keep(outcome) } noexcept -> std::same_as<keep_reason>;
};

namespace detail {

/// Whether the trace is among the share `ratio` of all traces. All who ask about one trace agree, also other processes:
/// the low 56 bits of its id are compared (OpenTelemetry's consistent probability sampling; W3C random flag).
inline bool is_in_ratio(trace_id id, double ratio) noexcept {
    constexpr double all = 0x1p56;
    std::uint64_t const random = id.low & ((std::uint64_t{1} << 56U) - 1);
    return static_cast<double>(random) >= (1 - ratio) * all;
}

/// "POST /api/*=0.1": a name, or the beginning of names before a star, and a ratio.
struct sampling_rule {
    std::string name;
    bool is_prefix = false;
    double ratio = 1;

    bool applies_to(std::string_view root) const noexcept { return is_prefix ? root.starts_with(name) : root == name; }

    /// Throws option_error.
    static sampling_rule parse(std::string_view text) {
        auto const equals = text.rfind('=');
        sampling_rule rule;
        char const* const end = text.data() + text.size();
        bool good = equals != std::string_view::npos && equals > 0;
        if (good) {
            auto const [stop, error] = std::from_chars(text.data() + equals + 1, end, rule.ratio);
            good = error == std::errc{} && stop == end && rule.ratio >= 0 && rule.ratio <= 1;
        }
        if (!good) {
            throw option_error{"sample_rules", std::string{text}, "NAME=RATIO, with a ratio between 0 and 1"};
        }
        rule.name = text.substr(0, equals);
        if (rule.name.back() == '*') {
            rule.name.pop_back();
            rule.is_prefix = true;
        }
        return rule;
    }
};

/// Lets through so many a second: a bucket of tokens in one atomic number, the time at which it is full again (the generic
/// cell rate algorithm, ITU-T I.371).
/// Thread-safe.
class rate_gate {
  public:
    explicit rate_gate(double per_second) noexcept
        : step_ns_{per_second > 0 ? static_cast<std::int64_t>(1e9 / per_second) : 0} {}

    rate_gate(rate_gate&& other) noexcept
        : step_ns_{other.step_ns_}, full_at_{other.full_at_.load(std::memory_order_relaxed)} {}

    bool is_open() const noexcept { return step_ns_ == 0; }

    bool pass(monotonic_time now) noexcept {
        constexpr std::int64_t burst_ns = 1'000'000'000;
        std::int64_t const at = std::chrono::nanoseconds{now.time_since_epoch()}.count();
        std::int64_t full = full_at_.load(std::memory_order_relaxed);
        std::int64_t next = 0;
        do {
            next = (full > at ? full : at) + step_ns_;
            if (next - at > burst_ns && next - at > step_ns_) {
                return false;
            }
        } while (!full_at_.compare_exchange_weak(full, next, std::memory_order_relaxed));
        return true;
    }

  private:
    std::int64_t const step_ns_;
    std::atomic<std::int64_t> full_at_{0};
};

} // namespace detail

/// The usual head sampler: a trace from another process follows its sampled flag; others are sampled by the first rule
/// that names their root, else by the ratio, and then by the rate. A trace that is not sampled is still recorded for this
/// process when the options say so.
/// Thread-safe.
class standard_head_sampler {
  public:
    /// Throws option_error for a malformed rule.
    explicit standard_head_sampler(tracer_options const& options)
        : ratio_{options.sample_ratio}, gate_{options.sample_per_second}, otherwise_{otherwise(options)} {
        for (std::string const& each : options.sample_rules) {
            rules_.push_back(detail::sampling_rule::parse(each));
        }
    }

    head_decision decide(sampling_request const& request) noexcept {
        return is_sampled(request) ? head_decision::record_and_sample : otherwise_;
    }

  private:
    static head_decision otherwise(tracer_options const& options) noexcept {
        return options.record_unsampled ? head_decision::record_only : head_decision::drop;
    }

    bool is_sampled(sampling_request const& request) noexcept {
        if (request.parent) {
            return request.parent.sampled();
        }
        double const ratio = ratio_for(request.name);
        bool const in_ratio = ratio >= 1 || (ratio > 0 && detail::is_in_ratio(request.trace, ratio));
        return in_ratio && (gate_.is_open() || gate_.pass(request.now()));
    }

    double ratio_for(std::string_view name) const noexcept {
        for (auto const& rule : rules_) {
            if (rule.applies_to(name)) {
                return rule.ratio;
            }
        }
        return ratio_;
    }

    std::vector<detail::sampling_rule> rules_;
    double const ratio_;
    detail::rate_gate gate_;
    head_decision const otherwise_;
};
static_assert(head_sampler<standard_head_sampler>);

/// The usual tail policy: keeps what failed, what was slow by a limit or by its own history, a few a second of each root,
/// and a share of the rest; all as the options say. The first reason that applies, in this order, is the one recorded.
/// Thread-compatible (distinct objects).
class standard_tail_policy {
  public:
    explicit standard_tail_policy(tracer_options const& options) noexcept
        : slower_than_{options.keep_slower_than},
          quota_{options.keep_per_second},
          ratio_{options.keep_ratio},
          keeps_errors_{options.keep_errors} {}

    keep_reason keep(trace_outcome const& outcome) const noexcept {
        if (outcome.failed && keeps_errors_) {
            return keep_reason::error;
        }
        if (slower_than_.count() > 0 && outcome.duration > slower_than_) {
            return keep_reason::slow;
        }
        if (outcome.usual_duration.count() > 0 && outcome.duration > outcome.usual_duration) {
            return keep_reason::unusual;
        }
        if (outcome.kept_this_second < quota_) {
            return keep_reason::quota;
        }
        bool const is_kept = ratio_ >= 1 || (ratio_ > 0 && detail::is_in_ratio(outcome.trace, ratio_));
        return is_kept ? keep_reason::ratio : keep_reason::none;
    }

  private:
    std::chrono::nanoseconds slower_than_;
    std::uint64_t quota_;
    double ratio_;
    bool keeps_errors_;
};
static_assert(tail_policy<standard_tail_policy>);

} // namespace orfeas::inline v0::trace
