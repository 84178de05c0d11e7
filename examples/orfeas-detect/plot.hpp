// SPDX-License-Identifier: MIT
#pragma once

#include "csv_reader.hpp"

#include <orfeas/core/svg_writer.hpp>
#include <orfeas/detect/verdict.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace detect_tool {

/// Draws what was read and what was said of it: a panel for each column, with the band of what was expected where the column
/// was blamed most, and one for the score; alerts are shaded through all of them and named.
class plot {
  public:
    explicit plot(std::vector<std::string> columns) : columns_{std::move(columns)}, values_(columns_.size()) {}

    void add(csv_row const& row, orfeas::detect::verdict const& said) {
        times_.push_back(row.time);
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            values_[i].push_back(row.values[i]);
        }
        verdicts_.push_back(
            {said.score, said.expected, said.low, said.high, blamed(said), said.family, said.is_anomalous()});
    }

    /// Throws std::bad_alloc.
    std::string draw(std::string_view title) const {
        std::size_t const panels = std::min(columns_.size(), most_panels);
        orfeas::svg_writer svg{width, top + static_cast<double>(panels) * panel_step + score_height + bottom};
        svg.begin("rect").attribute("width", width).attribute("height", 10'000.0).attribute("fill", "white").close();
        svg.label(left, 20, title);
        auto const chosen = most_blamed(panels);
        double const all = static_cast<double>(panels) * panel_step + score_height;
        if (!times_.empty()) {
            alerts(svg, all);
        }
        for (std::size_t i = 0; i < chosen.size(); ++i) {
            column(svg, chosen[i], top + static_cast<double>(i) * panel_step);
        }
        score(svg, top + static_cast<double>(panels) * panel_step);
        times(svg, top + all + 16);
        if (columns_.size() > panels) {
            svg.label(width - right, 20,
                      "the " + std::to_string(panels) + " most blamed of " + std::to_string(columns_.size()) +
                          " columns",
                      "end");
        }
        return svg.finish();
    }

  private:
    static constexpr double width = 1200;
    static constexpr double left = 76;
    static constexpr double right = 16;
    static constexpr double top = 66;
    static constexpr double bottom = 36;
    static constexpr double panel_height = 150;
    static constexpr double panel_step = 174;
    static constexpr double score_height = 70;
    static constexpr std::size_t most_panels = 6;
    static constexpr std::string_view line_colour = "#0072b2"; // Okabe and Ito's
    static constexpr std::string_view alert_colour = "#d55e00";
    static constexpr std::string_view band_colour = "#56b4e9";
    static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

    struct remembered {
        double score;
        double expected;
        double low;
        double high;
        std::uint32_t blamed;
        orfeas::detect::anomaly_family family;
        bool is_anomalous;
    };

    using name_lines = std::array<double, 2>; // where each line of alerts' names is free from, in pixels

    struct range {
        double low = std::numeric_limits<double>::infinity();
        double high = -std::numeric_limits<double>::infinity();

        void take(double value) {
            if (std::isfinite(value)) {
                low = std::min(low, value);
                high = std::max(high, value);
            }
        }
    };

    static std::uint32_t blamed(orfeas::detect::verdict const& said) {
        return said.blame.count > 0 ? said.blame.shares[0].metric : none;
    }

    /// Of all columns those most often blamed in alerts, in their own order.
    std::vector<std::size_t> most_blamed(std::size_t count) const {
        std::vector<std::size_t> blames(columns_.size(), 0);
        for (auto const& each : verdicts_) {
            if (each.is_anomalous && each.blamed != none) {
                ++blames[each.blamed];
            }
        }
        std::vector<std::size_t> order(columns_.size());
        for (std::size_t i = 0; i < order.size(); ++i) {
            order[i] = i;
        }
        std::sort(order.begin(), order.end(),
                  [&](std::size_t a, std::size_t b) { return blames[a] != blames[b] ? blames[a] > blames[b] : a < b; });
        order.resize(count);
        std::sort(order.begin(), order.end());
        return order;
    }

    double x_of(std::size_t row) const {
        auto const span = std::chrono::duration<double>(times_.back() - times_.front()).count();
        auto const since = std::chrono::duration<double>(times_[row] - times_.front()).count();
        double const part = span > 0 ? std::clamp(since / span, 0.0, 1.0) : 0;
        return left + part * (width - left - right);
    }

    static double y_of(double value, range const& of, double begin, double height) {
        double const span = of.high - of.low;
        double const part = span > 0 ? (value - of.low) / span : 0.5;
        return begin + height * (1 - std::clamp(part, 0.0, 1.0));
    }

    void column(orfeas::svg_writer& svg, std::size_t which, double begin) const {
        range seen;
        for (double const each : values_[which]) {
            seen.take(each);
        }
        frame(svg, begin, panel_height, columns_[which], seen);
        if (seen.low > seen.high) {
            svg.label(left + 8, begin + panel_height / 2, "no value");
            return;
        }
        band(svg, which, seen, begin);
        line(svg, begin, panel_height, seen, [&](std::size_t row) { return values_[which][row]; });
    }

    void score(orfeas::svg_writer& svg, double begin) const {
        range const scores{0, 1};
        frame(svg, begin, score_height, "score", scores);
        double const boundary = y_of(0.5, scores, begin, score_height);
        svg.begin("line").attribute("x1", left).attribute("x2", width - right).attribute("y1", boundary);
        svg.attribute("y2", boundary).attribute("stroke", alert_colour).attribute("stroke-dasharray", "4 3").close();
        line(svg, begin, score_height, scores, [&](std::size_t row) { return verdicts_[row].score; });
    }

    static void frame(orfeas::svg_writer& svg, double begin, double height, std::string_view name, range const& of) {
        svg.begin("rect").attribute("x", left).attribute("y", begin).attribute("width", width - left - right);
        svg.attribute("height", height).attribute("fill", "none").attribute("stroke", "#c8c8c8").close();
        svg.label(left, begin - 5, name);
        if (of.low <= of.high) {
            svg.label(left - 6, begin + 10, short_number(of.high), "end");
            svg.label(left - 6, begin + height, short_number(of.low), "end");
        }
    }

    static std::string short_number(double value) {
        std::array<char, 32> text;
        std::snprintf(text.data(), text.size(), "%.4g", value);
        return text.data();
    }

    /// The values from left to right; of those that fall onto one pixel the first, the lowest, the highest and the last.
    template<class ValueOf>
    void line(orfeas::svg_writer& svg, double begin, double height, range const& of, ValueOf value_of) const {
        bool is_open = false;
        auto const close = [&] {
            if (is_open) {
                svg.end_points().attribute("fill", "none").attribute("stroke", line_colour).close();
            }
            is_open = false;
        };
        for (std::size_t row = 0; row < times_.size();) {
            double const x = std::floor(x_of(row));
            range pixel;
            std::size_t end = row;
            for (; end < times_.size() && (end == row || std::floor(x_of(end)) == x); ++end) {
                pixel.take(value_of(end));
            }
            if (pixel.low > pixel.high) { // a gap
                close();
            } else {
                if (!is_open) {
                    svg.begin_points("polyline", "points");
                    is_open = true;
                }
                svg.point(x, y_of(pixel.low, of, begin, height));
                svg.point(x, y_of(pixel.high, of, begin, height));
            }
            row = end;
        }
        close();
    }

    /// Where the column was the one that the expectation is of.
    void band(orfeas::svg_writer& svg, std::size_t which, range const& of, double begin) const {
        bool const is_alone = columns_.size() == 1;
        for (std::size_t row = 0; row < times_.size();) {
            double const x = std::floor(x_of(row));
            range pixel;
            std::size_t end = row;
            for (; end < times_.size() && (end == row || std::floor(x_of(end)) == x); ++end) {
                if (is_alone || verdicts_[end].blamed == which) {
                    pixel.take(verdicts_[end].low);
                    pixel.take(verdicts_[end].high);
                }
            }
            if (pixel.low <= pixel.high) {
                double const high = y_of(pixel.high, of, begin, panel_height);
                svg.begin("rect").attribute("x", x).attribute("y", high).attribute("width", 1.0);
                svg.attribute("height", y_of(pixel.low, of, begin, panel_height) - high);
                svg.attribute("fill", band_colour).attribute("opacity", "0.25").close();
            }
            row = end;
        }
    }

    /// Shades each alert and says what kind it is.
    void alerts(orfeas::svg_writer& svg, double height) const {
        name_lines free_from{};
        for (std::size_t row = 0; row < times_.size();) {
            if (!verdicts_[row].is_anomalous) {
                ++row;
                continue;
            }
            std::size_t end = row;
            while (end + 1 < times_.size() && verdicts_[end + 1].is_anomalous) {
                ++end;
            }
            double const x = x_of(row);
            svg.begin("rect").attribute("x", x).attribute("y", top);
            svg.attribute("width", std::max(2.0, x_of(end) - x)).attribute("height", height);
            svg.attribute("fill", alert_colour).attribute("opacity", "0.22").close();
            name_alert(svg, x, to_string(verdicts_[row].family), free_from);
            row = end + 1;
        }
    }

    /// In the first line of names where it stands on no other one; an alert among many close ones may stay unnamed.
    static void name_alert(orfeas::svg_writer& svg, double x, std::string_view name, name_lines& free_from) {
        double const room = static_cast<double>(name.size()) * 5.5 + 4;
        double const begin = std::min(x, width - right - room);
        auto const line = std::ranges::find_if(free_from, [&](double from) { return begin >= from; });
        if (line == free_from.end()) {
            return;
        }
        *line = begin + room;
        double const y = 38 + 11 * static_cast<double>(line - free_from.begin());
        svg.begin("text").attribute("x", begin).attribute("y", y).attribute("fill", alert_colour);
        svg.attribute("font-size", "9").open().content(name).end("text");
    }

    void times(orfeas::svg_writer& svg, double y) const {
        if (times_.empty()) {
            svg.label(left, y, "no rows");
            return;
        }
        svg.label(left, y, date_of(times_.front()));
        svg.label(width - right, y, date_of(times_.back()), "end");
    }

    static std::string date_of(std::chrono::nanoseconds time) {
        auto const seconds = static_cast<std::time_t>(std::chrono::floor<std::chrono::seconds>(time).count());
        std::tm parts{};
        ::gmtime_r(&seconds, &parts);
        std::array<char, 32> text;
        return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts)};
    }

    std::vector<std::string> columns_;
    std::vector<std::chrono::nanoseconds> times_;
    std::vector<std::vector<double>> values_; // by column
    std::vector<remembered> verdicts_;
};

} // namespace detect_tool
