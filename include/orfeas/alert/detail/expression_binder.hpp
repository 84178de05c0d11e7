// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/detail/expression_parser.hpp>
#include <orfeas/alert/detail/expression_plan.hpp>
#include <orfeas/alert/detail/expression_tree.hpp>
#include <orfeas/alert/detail/window_store.hpp>
#include <orfeas/alert/frame.hpp>
#include <orfeas/alert/label_matcher.hpp>
#include <orfeas/alert/label_set.hpp>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace orfeas::inline v0::alert::detail {

/// Series that an expression cannot tell apart; `what()` says which, and what to do.
class ambiguous_series : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Finds the series of an expression in a frame, and plans how its results are computed. Throws ambiguous_series where
/// several series of one side match one of the other. Thread-compatible (distinct objects).
class expression_binder {
  public:
    expression_binder(frame const& in, window_store& windows) : in_{in}, windows_{windows} {}

    expression_plan bind(expression_node const& root) {
        plan_ = {};
        plan_.set_results(vector(root));
        return std::move(plan_);
    }

  private:
    using plan = expression_plan;
    using step_kind = plan::step_kind;
    using step_index = plan::step_index;
    using results = std::vector<plan::result>;

    static plan::step step_of(step_kind kind) {
        plan::step made{};
        made.kind = kind;
        return made;
    }

    step_index scalar(expression_node const& of) {
        auto made = step_of(step_kind::number);
        made.number = expression_parser::value_of_scalar(of);
        return plan_.add(made);
    }

    results vector(expression_node const& of) {
        switch (of.kind) {
        case node_kind::selector:
        case node_kind::window:
            return series(of);
        case node_kind::absent:
            return absent(of);
        case node_kind::aggregate:
            return aggregate(of);
        case node_kind::negate:
            return negate(of);
        case node_kind::binary:
            return binary(of);
        case node_kind::number:
            break;
        }
        return {{{}, scalar(of)}};
    }

    results series(expression_node const& of) {
        results made;
        for (frame::index i = 0; i < in_.size(); ++i) {
            auto const& each = in_.about(i);
            if (each.name != of.metric || !all_match(of.matchers, each.labels)) {
                continue;
            }
            auto by = step_of(of.kind == node_kind::window ? step_kind::window : step_kind::load);
            by.series = i;
            if (of.kind == node_kind::window) {
                by.function = of.function;
                by.number = of.number;
                by.values = &windows_.want(in_, i, of.window);
            }
            made.push_back({each.labels, plan_.add(by)});
        }
        return made;
    }

    static std::vector<step_index> steps_of(results const& all) {
        std::vector<step_index> made;
        for (auto const& each : all) {
            made.push_back(each.step);
        }
        return made;
    }

    /// What is absent has the labels that it was asked for by.
    results absent(expression_node const& of) {
        auto const steps = steps_of(vector(of.parts[0]));
        label_set labels;
        if (of.parts[0].kind == node_kind::selector) {
            auto const& matchers = of.parts[0].matchers;
            for (auto const& each : matchers) {
                auto const same = [&](label_matcher const& other) { return other.name() == each.name(); };
                if (each.kind() == match_kind::equal && std::count_if(matchers.begin(), matchers.end(), same) == 1) {
                    set_label(labels, each.name(), each.value());
                }
            }
        }
        return {{std::move(labels), plan_.add_list(step_of(step_kind::absent), steps)}};
    }

    results negate(expression_node const& of) {
        results made;
        for (auto& each : vector(of.parts[0])) {
            auto by = step_of(step_kind::negate);
            by.first = each.step;
            made.push_back({std::move(each.labels), plan_.add(by)});
        }
        return made;
    }

    /// The labels that a choice leaves.
    static label_set chosen(label_set const& of, expression_node const& by) {
        if (by.choice == label_choice::all) {
            return of;
        }
        label_set made;
        for (auto const& each : of) {
            bool const is_listed = std::binary_search(by.labels.begin(), by.labels.end(), each.first);
            if (is_listed == (by.choice == label_choice::listed)) {
                made.push_back(each);
            }
        }
        return made;
    }

    using groups = std::map<label_set, std::vector<step_index>>;

    static groups grouped(results const& all, expression_node const& by) {
        groups made;
        for (auto const& each : all) {
            made[chosen(each.labels, by)].push_back(each.step);
        }
        return made;
    }

    results aggregate(expression_node const& of) {
        results made;
        auto by = of;
        if (of.choice == label_choice::all) { // one group
            by.choice = label_choice::listed;
        }
        for (auto const& [labels, steps] : grouped(vector(of.parts[0]), by)) {
            auto step = step_of(step_kind::aggregate);
            step.how = of.how;
            made.push_back({labels, plan_.add_list(step, steps)});
        }
        return made;
    }

    results binary(expression_node const& of) {
        if (of.parts[0].is_scalar() || of.parts[1].is_scalar()) {
            return with_scalar(of);
        }
        auto left = vector(of.parts[0]);
        auto right = vector(of.parts[1]);
        switch (of.op) {
        case operation::both:
            return gated(step_kind::if_any, std::move(left), right, of);
        case operation::unless:
            return gated(step_kind::unless_any, std::move(left), right, of);
        case operation::either:
            return either(std::move(left), std::move(right), of);
        default:
            return one_to_one(left, right, of);
        }
    }

    results with_scalar(expression_node const& of) {
        bool const is_left = of.parts[0].is_scalar();
        auto const number = scalar(of.parts[is_left ? 0 : 1]);
        results made;
        for (auto& each : vector(of.parts[is_left ? 1 : 0])) {
            auto by = step_of(is_left && is_comparison(of.op) ? step_kind::keep_right : step_kind::binary);
            by.op = of.op;
            by.first = is_left ? number : each.step;
            by.second = is_left ? each.step : number;
            made.push_back({std::move(each.labels), plan_.add(by)});
        }
        return made;
    }

    /// Those of the left for which any, or none, of the matching right has a value.
    results gated(step_kind kind, results left, results const& right, expression_node const& of) {
        auto const by_labels = grouped(right, of);
        for (auto& each : left) {
            auto const at = by_labels.find(chosen(each.labels, of));
            auto by = step_of(kind);
            by.first = each.step;
            each.step = plan_.add_list(by, at == by_labels.end() ? std::vector<step_index>{} : at->second);
        }
        return left;
    }

    /// The left, and those of the right for which no left matches. Of two with the same labels one result is made.
    results either(results left, results right, expression_node const& of) {
        right = gated(step_kind::unless_any, std::move(right), left, of);
        std::map<label_set, std::vector<step_index>> all;
        for (auto& each : left) {
            all[std::move(each.labels)].push_back(each.step);
        }
        for (auto& each : right) {
            all[std::move(each.labels)].push_back(each.step);
        }
        results made;
        for (auto const& [labels, steps] : all) {
            made.push_back(
                {labels, steps.size() == 1 ? steps[0] : plan_.add_list(step_of(step_kind::first_of), steps)});
        }
        return made;
    }

    results one_to_one(results const& left, results const& right, expression_node const& of) {
        auto const by_labels = grouped(right, of);
        auto const own = grouped(left, of);
        results made;
        for (auto const& [labels, steps] : own) {
            auto const at = by_labels.find(labels);
            if (at == by_labels.end()) {
                continue;
            }
            if (steps.size() > 1 || at->second.size() > 1) {
                refuse(steps.size() > 1 ? left : right, labels, of);
            }
            auto by = step_of(step_kind::binary);
            by.op = of.op;
            by.first = steps[0];
            by.second = at->second[0];
            made.push_back({labels, plan_.add(by)});
        }
        return made;
    }

    [[noreturn]] static void refuse(results const& several, label_set const& labels, expression_node const& of) {
        std::string text{"character " + std::to_string(of.offset + 1) + ": several series match by {"};
        for (auto const& [name, value] : labels) {
            text.append(name).append("=\"").append(value).append("\" ");
        }
        text.append("}, so one cannot be told from the others (there are " + std::to_string(several.size()) +
                    " on that side): choose by matchers, or aggregate with sum by (…)");
        throw ambiguous_series{text};
    }

    frame const& in_;
    window_store& windows_;
    plan plan_;
};

} // namespace orfeas::inline v0::alert::detail
