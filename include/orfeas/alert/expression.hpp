// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/detail/expression_parser.hpp>
#include <orfeas/alert/detail/expression_tree.hpp>
#include <orfeas/alert/syntax_error.hpp>

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::alert {

/// What a rule looks at: a part of PromQL, with PromQL's meaning (Prometheus 2.42), so that rules can move both ways.
///
///     gpu_memory_used_bytes / gpu_memory_total_bytes > 0.85
///     sum by (route) (rate(http_errors_total[5m])) / sum by (route) (rate(http_requests_total[5m])) > 0.01
///     absent(up{job="redis"})
///
/// Known are numbers; metrics with matchers (`=`, `!=`, and `=~`, `!~` with patterns as of `text_pattern`); `+ - * /`;
/// comparisons, which keep what they hold for; `and`, `or`, `unless`; `on(…)` and `ignoring(…)`, one series to one;
/// `rate`, `increase`, `avg_over_time`, `min_over_time`, `max_over_time` and `predict_linear` of `metric[window]`;
/// `sum`, `avg`, `min`, `max`, `count` with `by` or `without`; `absent`; `#` begins a comment.
/// What else PromQL has is refused where it stands, by name.
///
/// A series has a value in a frame or has none: nothing is looked for in earlier frames. Windows hold up to 600 values; of
/// longer ones every so many-th value is kept, which changes rates by nothing and averages by little.
/// Thread-compatible (distinct objects).
class expression {
  public:
    /// Throws syntax_error.
    explicit expression(std::string source) : source_{std::move(source)} {
        root_ = detail::expression_parser{source_}.parse();
    }

    std::string const& source() const noexcept { return source_; }
    detail::expression_node const& root() const noexcept { return root_; }

    /// The names of the metrics that it looks at, each once, in order.
    std::vector<std::string> metrics() const {
        std::set<std::string> names;
        add_metrics(root_, names);
        return {names.begin(), names.end()};
    }

  private:
    static void add_metrics(detail::expression_node const& of, std::set<std::string>& to) {
        if (!of.metric.empty()) {
            to.insert(of.metric);
        }
        for (auto const& each : of.parts) {
            add_metrics(each, to);
        }
    }

    std::string source_;
    detail::expression_node root_;
};

} // namespace orfeas::inline v0::alert
