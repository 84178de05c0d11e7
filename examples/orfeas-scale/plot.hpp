// SPDX-License-Identifier: MIT
#pragma once

#include "simulation.hpp"

#include <orfeas/core/svg_writer.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <limits>
#include <span>
#include <string>
#include <string_view>

namespace scale_tool {

/// Draws runs over the same time: load, replicas, latency on a logarithmic scale, and cost.
class plot {
  public:
    plot(std::span<outcome const> runs, double target_ms) : runs_{runs}, target_ms_{target_ms} {}

    std::string draw(std::string_view title) const {
        orfeas::svg_writer svg{width, top + 4 * panel_step + bottom};
        svg.begin("rect").attribute("width", width).attribute("height", 10'000.0).attribute("fill", "white").close();
        svg.label(left, 20, title);
        legend(svg);
        auto const load = [](sample const& of) { return of.load; };
        auto const replicas = [](sample const& of) { return static_cast<double>(of.replicas); };
        auto const latency = [](sample const& of) { return std::log10(std::max(1.0, of.p95_ms)); };
        auto const cost = [](sample const& of) { return of.cost; };
        panel(svg, 0, "load (requests a second)", runs_.first(1), load, false);
        panel(svg, 1, "replicas", runs_, replicas, false);
        panel(svg, 2, "95th percentile of response times (ms, logarithmic); the target is dashed", runs_, latency,
              true);
        panel(svg, 3, "cost", runs_, cost, false);
        times(svg);
        return svg.finish();
    }

  private:
    static constexpr double width = 1'200;
    static constexpr double left = 76;
    static constexpr double right = 16;
    static constexpr double top = 66;
    static constexpr double bottom = 36;
    static constexpr double panel_height = 150;
    static constexpr double panel_step = 180;
    static constexpr std::array<std::string_view, 3> colours{"#d55e00", "#0072b2", "#009e73"}; // Okabe and Ito's

    double end() const {
        double last = 1;
        for (auto const& run : runs_) {
            last = run.samples.empty() ? last : std::max(last, run.samples.back().time);
        }
        return last;
    }

    void legend(orfeas::svg_writer& svg) const {
        for (std::size_t i = 0; i < runs_.size(); ++i) {
            double const x = left + 160 * static_cast<double>(i);
            svg.begin("rect").attribute("x", x).attribute("y", 31.0).attribute("width", 14.0).attribute("height", 4.0);
            svg.attribute("fill", colours[i % colours.size()]).close();
            svg.label(x + 20, 37, runs_[i].policy);
        }
    }

    template<class ValueOf>
    void panel(orfeas::svg_writer& svg, int index, std::string_view name, std::span<outcome const> runs,
               ValueOf value_of, bool is_latency) const {
        double const begin = top + index * panel_step;
        double low = is_latency ? std::log10(target_ms_) : 0;
        double high = is_latency ? std::log10(target_ms_) : 0;
        for (auto const& run : runs) {
            for (auto const& each : run.samples) {
                if (double const value = value_of(each); std::isfinite(value)) {
                    low = std::min(low, value);
                    high = std::max(high, value);
                }
            }
        }
        high = high > low ? high : low + 1;
        svg.begin("rect").attribute("x", left).attribute("y", begin).attribute("width", width - left - right);
        svg.attribute("height", panel_height).attribute("fill", "none").attribute("stroke", "#c8c8c8").close();
        svg.label(left, begin - 5, name);
        svg.label(left - 6, begin + 10, short_number(is_latency ? std::pow(10, high) : high), "end");
        svg.label(left - 6, begin + panel_height, short_number(is_latency ? std::pow(10, low) : low), "end");
        auto const y_of = [&](double value) { return begin + panel_height * (1 - (value - low) / (high - low)); };
        if (is_latency) {
            double const y = y_of(std::log10(target_ms_));
            svg.begin("line").attribute("x1", left).attribute("x2", width - right).attribute("y1", y);
            svg.attribute("y2", y).attribute("stroke", "#606060").attribute("stroke-dasharray", "4 3").close();
        }
        for (std::size_t i = 0; i < runs.size(); ++i) {
            line(svg, runs[i], colours[i % colours.size()], value_of, y_of);
        }
    }

    template<class ValueOf, class YOf>
    void line(orfeas::svg_writer& svg, outcome const& run, std::string_view colour, ValueOf value_of, YOf y_of) const {
        svg.begin_points("polyline", "points");
        for (auto const& each : run.samples) {
            if (double const value = value_of(each); std::isfinite(value)) {
                svg.point(left + each.time / end() * (width - left - right), y_of(value));
            }
        }
        svg.end_points().attribute("fill", "none").attribute("stroke", colour).close();
    }

    void times(orfeas::svg_writer& svg) const {
        double const y = top + 4 * panel_step - 8;
        svg.label(left, y, "0 h");
        svg.label(width - right, y, short_number(end() / 3'600) + " h", "end");
    }

    static std::string short_number(double value) {
        std::array<char, 32> text;
        std::snprintf(text.data(), text.size(), "%.4g", value);
        return text.data();
    }

    std::span<outcome const> runs_;
    double target_ms_;
};

} // namespace scale_tool
