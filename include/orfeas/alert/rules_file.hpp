// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/detail/compiled_rule.hpp>
#include <orfeas/alert/detail/expression_lexer.hpp>
#include <orfeas/alert/label_matcher.hpp>
#include <orfeas/alert/matcher_text.hpp>
#include <orfeas/alert/rule.hpp>
#include <orfeas/alert/rule_error.hpp>
#include <orfeas/alert/severity.hpp>
#include <orfeas/alert/silence.hpp>
#include <orfeas/alert/syntax_error.hpp>

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <fstream>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

/// Rules from files. Needs yaml-cpp.

namespace orfeas::inline v0::alert {

/// A rules file that cannot be used: where, and why.
class rules_file_error : public std::runtime_error {
  public:
    rules_file_error(std::string const& file, std::size_t line, std::size_t column, std::string const& problem)
        : std::runtime_error{file + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " + problem},
          line_{line},
          column_{column} {}

    std::size_t line() const noexcept { return line_; }     ///< from 1; 0 where the file cannot be read at all
    std::size_t column() const noexcept { return column_; } ///< from 1

  private:
    std::size_t line_;
    std::size_t column_;
};

/// What a rules file says.
struct rules_file {
    std::vector<rule> rules;
    std::vector<inhibition> inhibitions;
};

namespace detail {

/// Reads the tree of a rules file. Throws rules_file_error. Thread-compatible (distinct objects).
class rules_file_reader {
  public:
    explicit rules_file_reader(std::string name) : name_{std::move(name)} {}

    rules_file read(std::string const& text) {
        YAML::Node root;
        try {
            root = YAML::Load(text);
        } catch (YAML::Exception const& problem) {
            throw rules_file_error{name_, line_of(problem.mark), column_of(problem.mark), problem.msg};
        }
        rules_file made;
        auto const whole = fields_of(root, {"groups", "inhibitions"});
        for (auto const& group : list_of(whole, "groups")) {
            read_group(group, made.rules);
        }
        for (auto const& each : list_of(whole, "inhibitions")) {
            auto const parts = fields_of(each, {"source", "target", "equal"});
            made.inhibitions.push_back({matchers(each, parts, "source"), matchers(each, parts, "target"), {}});
            for (auto const& name : list_of(parts, "equal")) {
                made.inhibitions.back().equal.push_back(text_of(name));
            }
        }
        return made;
    }

  private:
    using field_map = std::map<std::string, YAML::Node>;

    static std::size_t line_of(YAML::Mark const& at) noexcept {
        return static_cast<std::size_t>(at.line < 0 ? 0 : at.line) + 1;
    }
    static std::size_t column_of(YAML::Mark const& at) noexcept {
        return static_cast<std::size_t>(at.column < 0 ? 0 : at.column) + 1;
    }

    [[noreturn]] void refuse(YAML::Node const& at, std::string const& problem, std::size_t offset = 0) const {
        auto const mark = at.Mark();
        throw rules_file_error{name_, line_of(mark), column_of(mark) + offset, problem};
    }

    /// The fields of a map, each of them known and there once.
    field_map fields_of(YAML::Node const& of, std::initializer_list<std::string_view> known) const {
        if (!of.IsMap()) {
            refuse(of, "a map is expected here");
        }
        field_map made;
        for (auto const& each : of) {
            auto const name = text_of(each.first);
            if (known.size() > 0 && std::find(known.begin(), known.end(), name) == known.end()) {
                std::string all;
                for (auto const one : known) {
                    all.append(all.empty() ? "" : ", ").append(one);
                }
                refuse(each.first, "'" + name + "' is not known here; known are " + all);
            }
            if (!made.emplace(name, each.second).second) {
                refuse(each.first, "'" + name + "' stands here twice");
            }
        }
        return made;
    }

    std::vector<YAML::Node> list_of(field_map const& of, std::string const& name) const {
        auto const at = of.find(name);
        if (at == of.end() || at->second.IsNull()) {
            return {};
        }
        if (!at->second.IsSequence()) {
            refuse(at->second, "'" + name + "' is a list");
        }
        return {at->second.begin(), at->second.end()};
    }

    std::string text_of(YAML::Node const& of) const {
        if (!of.IsScalar()) {
            refuse(of, "a text is expected here");
        }
        return of.Scalar();
    }

    std::optional<std::string> text_of(field_map const& of, std::string const& name) const {
        auto const at = of.find(name);
        return at == of.end() ? std::nullopt : std::optional{text_of(at->second)};
    }

    std::vector<label_matcher> matchers(YAML::Node const& parent, field_map const& of, std::string const& name) const {
        auto const at = of.find(name);
        if (at == of.end()) {
            refuse(parent, "'" + name + "' is missing");
        }
        try {
            auto made = matchers_from(text_of(at->second));
            if (made.empty()) {
                refuse(at->second, "a matcher is missing");
            }
            return made;
        } catch (syntax_error const& problem) {
            refuse(at->second, problem.what());
        }
    }

    std::chrono::nanoseconds duration(field_map const& of, std::string const& name) const {
        auto const text = text_of(of, name);
        std::chrono::nanoseconds made{0};
        if (text && *text != "0" && read_duration(*text, made) != text->size()) {
            refuse(of.at(name), "'" + *text + "' is not a duration such as 30s or 1h30m");
        }
        return made;
    }

    double number(YAML::Node const& of) const {
        auto const text = text_of(of);
        double made = 0;
        auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), made);
        if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(made)) {
            refuse(of, "'" + text + "' is not a number");
        }
        return made;
    }

    severity severity_of(YAML::Node const& of) const {
        auto const made = severity_from(text_of(of));
        if (!made) {
            refuse(of, "'" + of.Scalar() + "' is not a severity: info, warning or critical");
        }
        return *made;
    }

    label_set texts(field_map const& of, std::string const& name) const {
        label_set made;
        if (auto const at = of.find(name); at != of.end() && !at->second.IsNull()) {
            for (auto const& [key, value] : fields_of(at->second, {})) {
                set_label(made, key, text_of(value));
            }
        }
        return made;
    }

    void read_group(YAML::Node const& group, std::vector<rule>& into) {
        // How often Prometheus applies the rules, and its bounds, have no meaning here: each frame is looked at.
        auto const of = fields_of(group, {"name", "rules", "interval", "limit"});
        auto const name = text_of(of, "name");
        if (!name || name->empty()) {
            refuse(group, "a group needs a name");
        }
        for (auto const& each : list_of(of, "rules")) {
            into.push_back(read_rule(each));
            into.back().group = *name;
            check(each, into.back());
        }
    }

    rule read_rule(YAML::Node const& from) const {
        auto const of = fields_of(from, {"alert", "expr", "for", "keep_firing_for", "labels", "annotations", "levels",
                                         "on_absence", "enabled", "record"});
        if (of.contains("record")) {
            refuse(of.at("record"), "recording rules are not known here: write the expression where it is needed");
        }
        for (auto const* const name : {"alert", "expr"}) {
            if (!of.contains(name)) {
                refuse(from, std::string{"'"} + name + "' is missing");
            }
        }
        rule made;
        made.name = *text_of(of, "alert");
        made.expr = *text_of(of, "expr");
        made.pending_for = duration(of, "for");
        made.keep_firing_for = duration(of, "keep_firing_for");
        made.labels = texts(of, "labels");
        made.annotations = texts(of, "annotations");
        made.at = severity_from(value_of(made.labels, severity_label)).value_or(severity::warning);
        read_levels(of, made);
        if (auto const text = text_of(of, "on_absence")) {
            if (*text != "ends" && *text != "stays") {
                refuse(of.at("on_absence"), "'on_absence' is ends or stays");
            }
            made.on_absence = *text == "ends" ? without_value::ends : without_value::stays;
        }
        if (auto const text = text_of(of, "enabled")) {
            if (*text != "true" && *text != "false") {
                refuse(of.at("enabled"), "'enabled' is true or false");
            }
            made.is_enabled = *text == "true";
        }
        return made;
    }

    void read_levels(field_map const& of, rule& into) const {
        std::optional<bad_side> side;
        for (auto const& each : list_of(of, "levels")) {
            auto const parts = fields_of(each, {"severity", "above", "below", "clear"});
            if (parts.contains("above") == parts.contains("below") || !parts.contains("severity")) {
                refuse(each, "a level has a severity and either 'above' or 'below'");
            }
            auto const own = parts.contains("above") ? bad_side::above : bad_side::below;
            if (side && *side != own) {
                refuse(each, "the levels of a rule are all 'above' or all 'below'");
            }
            side = own;
            level made;
            made.at = severity_of(parts.at("severity"));
            made.threshold = number(parts.at(own == bad_side::above ? "above" : "below"));
            if (parts.contains("clear")) {
                made.clear = number(parts.at("clear"));
            }
            into.levels.push_back(made);
        }
        into.bad = side.value_or(bad_side::above);
    }

    /// What is wrong within a field is told at the field.
    void check(YAML::Node const& at, rule const& made) {
        std::string key;
        try {
            key = compiled_rule{made}.key();
        } catch (rule_error const& problem) {
            auto node = at;
            std::string_view path = problem.field();
            while (!path.empty() && node.IsMap()) {
                auto const dot = std::min(path.find('.'), path.size());
                auto const child = std::as_const(node)[std::string{path.substr(0, dot)}];
                if (!child.IsDefined()) {
                    break;
                }
                node.reset(child);
                path.remove_prefix(std::min(dot + 1, path.size()));
            }
            bool const is_plain = node.IsScalar() && node.Tag() == "?"; // quotes and blocks shift what is in them
            refuse(node, "alert '" + made.name + "', " + problem.field() + ": " + problem.problem(),
                   is_plain ? problem.offset() : 0);
        }
        if (!keys_.insert(key).second) {
            refuse(at, "alert '" + made.name + "' is there already, with the same labels");
        }
    }

    std::string name_;
    std::set<std::string> keys_;
};

} // namespace detail

/// Reads rules from the text of a file, which errors name. The format is that of Prometheus' rules files, so that those that
/// keep to the expressions known here can be used as they are; rules may also have `levels`, `on_absence` and `enabled`, and the
/// file `inhibitions`:
///
///     groups:
///       - name: memory
///         rules:
///           - alert: gpu_memory_high
///             expr: gpu_memory_used_bytes / gpu_memory_total_bytes
///             levels:
///               - {severity: warning, above: 0.85, clear: 0.8}
///               - {severity: critical, above: 0.95}
///             for: 30s
///             annotations: {summary: "{{ $value | humanizePercentage }} of GPU {{ $labels.gpu }} is in use"}
///     inhibitions:
///       - {source: 'alertname="remote_down"', target: 'alertname="cache_hit_ratio_low"', equal: [component]}
///
/// Throws rules_file_error, with line and column, for anything that is not understood: unknown fields, recording rules, what
/// PromQL has beyond `expression`, rules that are there twice.
inline rules_file read_rules(std::string const& text, std::string name = "rules") {
    return detail::rules_file_reader{std::move(name)}.read(text);
}

/// Reads a file. Throws rules_file_error, too, when it cannot be read or is larger than 4 MiB.
inline rules_file load_rules(std::string const& path) {
    constexpr std::size_t most = 4U << 20U;
    std::ifstream file{path, std::ios::binary};
    std::string text(most + 1, '\0');
    if (!file || !(file.read(text.data(), static_cast<std::streamsize>(text.size())) || file.eof())) {
        throw rules_file_error{path, 0, 0, "the file cannot be read"};
    }
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > most) {
        throw rules_file_error{path, 0, 0, "the file is larger than 4 MiB"};
    }
    return read_rules(text, path);
}

} // namespace orfeas::inline v0::alert
