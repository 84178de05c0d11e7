// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/detail/expression_tree.hpp>
#include <orfeas/alert/detail/window_store.hpp>
#include <orfeas/alert/detail/window_values.hpp>
#include <orfeas/alert/frame.hpp>
#include <orfeas/alert/label_set.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace orfeas::inline v0::alert::detail {

/// What an expression comes to for the series of a frame: for each result its labels, and steps that compute it. Made by
/// `expression_binder` when the series change; then each frame is computed by walking once through the steps, without a
/// search or an allocation.
/// Thread-compatible (distinct objects).
class expression_plan {
  public:
    using step_index = std::uint32_t;

    struct result {
        label_set labels;
        step_index step;
    };

    enum class step_kind : std::uint8_t {
        number,
        load,   // of a series
        window, // a function of one
        negate,
        binary,     // arithmetic, or a comparison that keeps its left side
        keep_right, // a comparison that keeps its right side
        if_any,     // the first, if any of the list has a value
        unless_any,
        first_of, // of the list that has a value
        aggregate,
        absent // 1 if none of the list has a value
    };

    struct step {
        step_kind kind;
        operation op = operation::add;
        window_function function = window_function::rate;
        aggregation how = aggregation::sum;
        step_index first = 0;
        step_index second = 0; // of binary; else the number of steps in the list
        std::size_t list = 0;  // where it begins
        double number = 0;
        frame::index series = 0;
        window_values const* values = nullptr;
    };

    step_index add(step made) {
        steps_.push_back(made);
        values_.emplace_back();
        return static_cast<step_index>(steps_.size() - 1);
    }

    /// Adds a step over a list of others.
    step_index add_list(step made, std::vector<step_index> const& of) {
        made.list = lists_.size();
        made.second = static_cast<step_index>(of.size());
        lists_.insert(lists_.end(), of.begin(), of.end());
        return add(made);
    }

    void set_results(std::vector<result> results) { results_ = std::move(results); }
    std::vector<result> const& results() const noexcept { return results_; }

    /// Computes a frame, whose windows have taken it up.
    void run(frame const& in) noexcept {
        for (std::size_t i = 0; i < steps_.size(); ++i) {
            values_[i] = compute(steps_[i], in);
        }
    }

    /// What the last frame gave; none where it has no result.
    std::optional<double> value(result const& of) const noexcept {
        auto const& found = values_[of.step];
        return found.is_present ? std::optional{found.number} : std::nullopt;
    }

  private:
    struct slot {
        double number = 0;
        bool is_present = false;
    };

    static slot present(double number) noexcept { return {number, true}; }
    static slot from(std::optional<double> number) noexcept { return number ? present(*number) : slot{}; }

    slot compute(step const& by, frame const& in) const noexcept {
        switch (by.kind) {
        case step_kind::number:
            return present(by.number);
        case step_kind::load:
            return {in.value(by.series), !std::isnan(in.value(by.series))};
        case step_kind::window:
            return from(of_window(by, in));
        case step_kind::negate:
            return {-values_[by.first].number, values_[by.first].is_present};
        case step_kind::binary:
        case step_kind::keep_right:
            return combine(by);
        case step_kind::if_any:
            return any(by) ? values_[by.first] : slot{};
        case step_kind::unless_any:
            return any(by) ? slot{} : values_[by.first];
        case step_kind::first_of:
            return first_of(by);
        case step_kind::aggregate:
            return aggregate(by);
        case step_kind::absent:
            return any(by) ? slot{} : present(1);
        }
        return {};
    }

    static std::optional<double> of_window(step const& by, frame const& in) noexcept {
        switch (by.function) {
        case window_function::rate:
            return by.values->rate(in.time());
        case window_function::increase:
            return by.values->increase(in.time());
        case window_function::average:
            return by.values->average();
        case window_function::minimum:
            return by.values->minimum();
        case window_function::maximum:
            return by.values->maximum();
        case window_function::predict:
            return by.values->predict(in.time(), by.number);
        }
        return std::nullopt;
    }

    slot combine(step const& by) const noexcept {
        auto const& left = values_[by.first];
        auto const& right = values_[by.second];
        if (!left.is_present || !right.is_present) {
            return {};
        }
        double const a = left.number;
        double const b = right.number;
        auto const kept_if = [&](bool holds) {
            return holds ? (by.kind == step_kind::keep_right ? right : left) : slot{};
        };
        switch (by.op) {
        case operation::add:
            return present(a + b);
        case operation::subtract:
            return present(a - b);
        case operation::multiply:
            return present(a * b);
        case operation::divide:
            return present(a / b);
        case operation::greater:
            return kept_if(a > b);
        case operation::less:
            return kept_if(a < b);
        case operation::greater_equal:
            return kept_if(a >= b);
        case operation::less_equal:
            return kept_if(a <= b);
        case operation::equal:
            return kept_if(a == b);
        case operation::not_equal:
            return kept_if(a != b);
        case operation::both:
        case operation::either:
        case operation::unless:
            break;
        }
        return {};
    }

    bool any(step const& by) const noexcept {
        for (std::size_t i = 0; i < by.second; ++i) {
            if (values_[lists_[by.list + i]].is_present) {
                return true;
            }
        }
        return false;
    }

    slot first_of(step const& by) const noexcept {
        for (std::size_t i = 0; i < by.second; ++i) {
            if (auto const& each = values_[lists_[by.list + i]]; each.is_present) {
                return each;
            }
        }
        return {};
    }

    slot aggregate(step const& by) const noexcept {
        double sum = 0;
        double count = 0;
        double extreme = 0;
        for (std::size_t i = 0; i < by.second; ++i) {
            auto const& each = values_[lists_[by.list + i]];
            if (!each.is_present) {
                continue;
            }
            sum += each.number;
            bool const is_further = by.how == aggregation::minimum ? each.number < extreme : each.number > extreme;
            extreme = count == 0 || std::isnan(extreme) || is_further ? each.number : extreme;
            count += 1;
        }
        double const made = by.how == aggregation::sum       ? sum
                            : by.how == aggregation::average ? sum / count
                            : by.how == aggregation::count   ? count
                                                             : extreme;
        return {made, count > 0};
    }

    std::vector<step> steps_;
    std::vector<step_index> lists_;
    std::vector<result> results_;
    std::vector<slot> values_;
};

} // namespace orfeas::inline v0::alert::detail
