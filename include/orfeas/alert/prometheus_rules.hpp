// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/detail/compiled_rule.hpp>
#include <orfeas/alert/detail/number_text.hpp>
#include <orfeas/alert/rule.hpp>
#include <orfeas/alert/severity.hpp>
#include <orfeas/core/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::alert {

namespace detail {

/// A duration as Prometheus writes it, to the millisecond.
inline std::string prometheus_duration(std::chrono::nanoseconds of) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(of).count();
    constexpr std::pair<std::string_view, std::int64_t> units[] = {
        {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};
    std::string made;
    for (auto const& [name, size] : units) {
        if (left >= size) {
            made.append(std::to_string(left / size)).append(name);
            left %= size;
        }
    }
    return made.empty() ? "0s" : made;
}

/// Writes rules as a file of Prometheus. Texts are quoted as in JSON, which is YAML, too.
class prometheus_rules_writer {
  public:
    void add(alert::rule const& made) {
        compiled_rule const by{made};
        auto& out = groups_[made.group];
        if (made.on_absence == without_value::stays) {
            out.append("      # Prometheus ends this alert where it has no value; here it stays.\n");
        }
        if (made.levels.empty()) {
            add(out, by, made.expr, {}, 0);
            return;
        }
        for (auto const& each : made.levels) {
            add(out, by, condition(by.rule(), each), to_string(each.at), each.threshold);
        }
    }

    std::string finish() const {
        std::string made{"groups:\n"};
        for (auto const& [name, rules] : groups_) {
            made.append("  - name: ").append(quoted(name)).append("\n    rules:\n").append(rules);
        }
        return made;
    }

  private:
    static std::string quoted(std::string_view text) {
        std::string made;
        json_writer{made}.value(text);
        return made;
    }

    /// Beyond its threshold; or beyond where it clears, while this very alert fires.
    static std::string condition(alert::rule const& of, level const& at) {
        bool const may_end_in_comment = of.expr.find('#') != std::string::npos;
        std::string const inner = "(" + of.expr + (may_end_in_comment ? "\n)" : ")");
        std::string const beyond = of.bad == bad_side::above ? " > " : " < ";
        std::string made = inner + beyond + plain_number_text(at.threshold);
        if (at.clear && *at.clear != at.threshold) {
            std::string ignored = "alertname, alertstate, severity";
            for (auto const& [name, value] : of.labels) {
                ignored.append(", ").append(name);
            }
            made.append(" or (").append(inner).append(beyond).append(plain_number_text(*at.clear));
            made.append(" and ignoring(").append(ignored).append(") ALERTS{alertname=\"").append(of.name);
            made.append("\", alertstate=\"firing\", severity=\"").append(to_string(at.at)).append("\"})");
        }
        return made;
    }

    static void add(std::string& out, compiled_rule const& by, std::string const& expr, std::string_view severity,
                    double threshold) {
        auto const& of = by.rule();
        out.append("      - alert: ").append(of.name).append("\n        expr: ").append(quoted(expr)).append("\n");
        if (of.pending_for.count() > 0) {
            out.append("        for: ").append(prometheus_duration(of.pending_for)).append("\n");
        }
        if (of.keep_firing_for.count() > 0) {
            out.append("        keep_firing_for: ").append(prometheus_duration(of.keep_firing_for)).append("\n");
        }
        auto labels = of.labels;
        if (!severity.empty()) {
            set_label(labels, severity_label, severity);
        }
        add_texts(out, "labels", labels);
        label_set texts;
        for (auto const& [name, text] : by.annotations()) {
            texts.emplace_back(name, severity.empty() ? text.source() : text.with_threshold(threshold));
        }
        add_texts(out, "annotations", texts);
    }

    static void add_texts(std::string& out, std::string_view name, label_set const& of) {
        if (!of.empty()) {
            out.append("        ").append(name).append(":\n");
        }
        for (auto const& [key, text] : of) {
            out.append("          ").append(key).append(": ").append(quoted(text)).append("\n");
        }
    }

    std::map<std::string, std::string> groups_;
};

} // namespace detail

/// Rules as a rules file of Prometheus (2.42 and later, which know `keep_firing_for`), so that the same alerts can run there.
/// Of a rule with levels it has one for each; hysteresis is kept, by asking whether the alert fires already (`ALERTS`). There a
/// warning goes on beside its critical alert: let Alertmanager inhibit it. Series must be scraped under the names that the
/// rules use; rates of the house (`…_per_second`) are not there. Rules that are not enabled are left out.
/// Throws rule_error.
inline std::string prometheus_rules(std::span<rule const> rules) {
    detail::prometheus_rules_writer writer;
    for (auto const& each : rules) {
        if (each.is_enabled) {
            writer.add(each);
        }
    }
    return writer.finish();
}

} // namespace orfeas::inline v0::alert
