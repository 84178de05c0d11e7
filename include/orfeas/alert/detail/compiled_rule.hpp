// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/detail/expression_lexer.hpp>
#include <orfeas/alert/expression.hpp>
#include <orfeas/alert/label_set.hpp>
#include <orfeas/alert/rule.hpp>
#include <orfeas/alert/rule_error.hpp>
#include <orfeas/alert/severity.hpp>
#include <orfeas/alert/syntax_error.hpp>
#include <orfeas/alert/text_template.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::alert::detail {

inline constexpr std::string_view severity_label = "severity";
inline constexpr std::string_view name_label = "alertname";

/// A rule whose texts were read and whose fields are sound. Thread-compatible (distinct objects).
class compiled_rule {
  public:
    /// Throws rule_error.
    explicit compiled_rule(alert::rule made) : rule_{std::move(made)}, expression_{read(rule_)} {
        check_name();
        check_levels();
        check_durations();
        check_absence();
        rule_.labels = read_labels();
        for (auto const& [name, source] : rule_.annotations) {
            try {
                annotations_.emplace_back(name, text_template{source});
            } catch (syntax_error const& problem) {
                refuse("annotations." + name, problem.what(), problem.offset());
            }
        }
    }

    alert::rule const& rule() const noexcept { return rule_; }
    alert::expression const& expression() const noexcept { return expression_; }

    /// What no other rule of the same name has: its own labels.
    std::string key() const {
        std::string made = rule_.name;
        for (auto const& [name, value] : rule_.labels) {
            made.append(1, '\xff').append(name).append(1, '\xff').append(value);
        }
        return made;
    }

    /// What an alert of a series is known by.
    label_set identity(label_set const& series) const {
        auto made = series;
        for (auto const& [name, value] : rule_.labels) {
            set_label(made, name, value);
        }
        set_label(made, name_label, rule_.name);
        if (!rule_.levels.empty()) {
            set_label(made, severity_label, {}); // it changes
        }
        return made;
    }

    /// The texts of an alert.
    label_set texts(label_set const& labels, double value, double threshold) const {
        label_set made;
        for (auto const& [name, text] : annotations_) {
            set_label(made, name, text.render(labels, value, threshold));
        }
        return made;
    }

    std::vector<std::pair<std::string, text_template>> const& annotations() const noexcept { return annotations_; }

  private:
    [[noreturn]] void refuse(std::string field, std::string problem, std::size_t offset = 0) const {
        throw rule_error{rule_.name, std::move(field), std::move(problem), offset};
    }

    static alert::expression read(alert::rule const& from) {
        try {
            return alert::expression{from.expr};
        } catch (syntax_error const& problem) {
            throw rule_error{from.name, "expr", problem.what(), problem.offset()};
        }
    }

    void check_name() const {
        if (rule_.name.empty() || !is_label_name(rule_.name)) {
            refuse("alert", "the name of an alert has letters, digits and '_', and does not begin with a digit");
        }
    }

    void check_levels() const {
        for (std::size_t i = 0; i < rule_.levels.size(); ++i) {
            auto const& each = rule_.levels[i];
            auto const beyond = [&](double a, double b) { return rule_.bad == bad_side::above ? a > b : a < b; };
            if (!std::isfinite(each.threshold) || (each.clear && !std::isfinite(*each.clear))) {
                refuse("levels", "a threshold is a finite number");
            }
            if (each.clear && beyond(*each.clear, each.threshold)) {
                refuse("levels", "'clear' lies on the good side of the threshold, or on it");
            }
            if (i > 0 &&
                (each.at <= rule_.levels[i - 1].at || !beyond(each.threshold, rule_.levels[i - 1].threshold))) {
                refuse("levels",
                       "levels are in order, from the least to the most severe, each further out than the one before");
            }
        }
    }

    void check_durations() const {
        if (rule_.pending_for.count() < 0) {
            refuse("for", "a duration is not negative");
        }
        if (rule_.keep_firing_for.count() < 0) {
            refuse("keep_firing_for", "a duration is not negative");
        }
    }

    /// Without levels, no value is how an expression says that there is no alert: it would never end.
    void check_absence() const {
        if (rule_.on_absence == without_value::stays && rule_.levels.empty()) {
            refuse("on_absence", "needs levels: without them an alert ends by having no value, and would never end");
        }
    }

    /// The rule's labels in order; without levels its severity is one of them, so that rules of one name differ.
    label_set read_labels() const {
        for (auto const& [name, value] : rule_.labels) {
            if (!is_label_name(name) || name == name_label) {
                refuse("labels." + name, "not the name of a label that a rule can set");
            }
            if (value.find("{{") != std::string::npos) {
                refuse("labels." + name,
                       "labels are plain texts: an alert is known by them. Put templates into annotations");
            }
            if (name == severity_label && !rule_.levels.empty()) {
                refuse("labels.severity", "the levels say how severe an alert is");
            }
        }
        auto made = label_set_of(rule_.labels);
        if (rule_.levels.empty() && value_of(made, severity_label).empty()) {
            set_label(made, severity_label, to_string(rule_.at));
        }
        return made;
    }

    alert::rule rule_;
    alert::expression expression_;
    std::vector<std::pair<std::string, text_template>> annotations_;
};

} // namespace orfeas::inline v0::alert::detail
