// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/core/bytes.hpp>
#include <orfeas/core/svg_writer.hpp>
#include <orfeas/memory/detail/usage_timeline.hpp>
#include <orfeas/memory/snapshot.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace orfeas::inline v0::memory {

/// How large a picture is, in pixels.
struct picture_size {
    std::uint32_t width = 1000; ///< 320 to 8192
    std::uint32_t height = 440; ///< 240 to 8192
};

namespace detail {

/// Draws what a timeline holds: stacked areas, the line of reserved memory, marks of refusals, axes and a legend.
class timeline_picture {
  public:
    timeline_picture(memory_snapshot const& snapshot, picture_size size)
        : snapshot_{snapshot},
          width_{static_cast<double>(size.width)},
          height_{static_cast<double>(size.height)},
          usage_{snapshot, static_cast<std::size_t>(size.width) / 2},
          svg_{width_, height_} {
        highest_ = static_cast<double>(usage_.highest()) * 1.05;
        highest_ = highest_ > 0 ? highest_ : 1;
    }

    std::string draw() {
        svg_.begin("rect").attribute("width", width_).attribute("height", height_).attribute("fill", "white").close();
        title();
        grid();
        areas();
        reserved_line();
        refusals();
        legend();
        return svg_.finish();
    }

  private:
    static constexpr double left = 76;
    static constexpr double top = 44;
    static constexpr double below = 34;
    static constexpr double beside = 250;
    // Okabe and Ito's colours, which those who see colours differently tell apart, and grey for the rest
    static constexpr std::string_view colours[] = {"#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9",
                                                   "#d55e00", "#f0e442", "#6a51a3", "#8c6d31"};
    static constexpr std::string_view rest_colour = "#b0b0b0";

    double plot_width() const { return width_ - left - beside; }
    double plot_height() const { return height_ - top - below; }
    double x_of(std::size_t column) const {
        auto const most = usage_.columns() > 1 ? usage_.columns() - 1 : 1;
        return left + plot_width() * static_cast<double>(column) / static_cast<double>(most);
    }
    double y_of(std::uint64_t bytes) const { return top + plot_height() * (1 - static_cast<double>(bytes) / highest_); }
    std::string_view colour(std::size_t series) const {
        return series + 1 == usage_.series() ? rest_colour : colours[series];
    }

    static std::string seconds(std::uint64_t ns) {
        char text[40];
        std::snprintf(text, sizeof text, "%.4g s", static_cast<double>(ns) * 1e-9);
        return text;
    }

    void title() {
        auto const& now = snapshot_.profile;
        svg_.label(left, 18,
                   snapshot_.name + " on " + snapshot_.device + ": " + format_bytes(now.allocated_bytes) +
                       " allocated, " + format_bytes(now.reserved_bytes) + " reserved");
        svg_.label(
            left, 35,
            std::to_string(snapshot_.events.size()) + " events over " + seconds(usage_.end_ns() - usage_.begin_ns()) +
                (snapshot_.events_lost > 0 ? ", " + std::to_string(snapshot_.events_lost) + " earlier ones lost" : ""));
    }

    void grid() {
        for (std::uint64_t i = 0; i <= 4; ++i) {
            auto const bytes = static_cast<std::uint64_t>(highest_ / 4 * static_cast<double>(i));
            auto const y = y_of(bytes);
            line(left, y, left + plot_width(), y);
            svg_.label(left - 6, y + 4, format_bytes(bytes), "end");
            auto const span = usage_.end_ns() - usage_.begin_ns();
            auto const time = i == 4 ? span : span / 4 * i;
            svg_.label(left + plot_width() / 4 * static_cast<double>(i), height_ - below + 18, seconds(time), "middle");
        }
    }

    void line(double x1, double y1, double x2, double y2) {
        svg_.begin("line").attribute("x1", x1).attribute("y1", y1).attribute("x2", x2).attribute("y2", y2);
        svg_.attribute("stroke", "#e0e0e0").close();
    }

    /// Bytes of a column up to and with a series.
    std::uint64_t stacked(std::size_t column, std::size_t series) const {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < series; ++i) {
            sum += usage_.allocated(column, i);
        }
        return sum;
    }

    void areas() {
        for (std::size_t series = 0; series < usage_.series(); ++series) {
            svg_.begin_points("polygon", "points");
            boundary(series + 1, false);
            boundary(series, true);
            svg_.end_points().attribute("fill", colour(series)).close();
        }
    }

    /// The upper edge of the first `series` areas; columns amid equal ones add nothing to it.
    void boundary(std::size_t series, bool backwards) {
        auto const last = usage_.columns() - 1;
        for (std::size_t i = 0; i <= last; ++i) {
            auto const column = backwards ? last - i : i;
            auto const bytes = stacked(column, series);
            bool const amid = column > 0 && column < last && stacked(column - 1, series) == bytes &&
                              stacked(column + 1, series) == bytes;
            if (!amid) {
                svg_.point(x_of(column), y_of(bytes));
            }
        }
    }

    void reserved_line() {
        svg_.begin_points("polyline", "points");
        auto const last = usage_.columns() - 1;
        for (std::size_t column = 0; column <= last; ++column) {
            auto const bytes = usage_.reserved(column);
            if (column == 0 || column == last || usage_.reserved(column - 1) != bytes ||
                usage_.reserved(column + 1) != bytes) {
                svg_.point(x_of(column), y_of(bytes));
            }
        }
        svg_.end_points()
            .attribute("fill", "none")
            .attribute("stroke", "black")
            .attribute("stroke-dasharray", "5 3")
            .close();
    }

    void refusals() {
        for (auto const& each : usage_.refusals()) {
            auto const x = x_of(usage_.column_of(each.time_ns));
            svg_.begin_points("polygon", "points");
            svg_.point(x - 5, top - 6);
            svg_.point(x + 5, top - 6);
            svg_.point(x, top + 4);
            svg_.end_points().attribute("fill", "#c00000").open();
            svg_.begin("title").open();
            svg_.content(std::to_string(each.count) + " refused, up to " + format_bytes(each.bytes) + ", at " +
                         seconds(each.time_ns - usage_.begin_ns()));
            svg_.end("title");
            svg_.end("polygon");
        }
    }

    void legend() {
        auto const x = width_ - beside + 14;
        double y = top;
        for (std::size_t series = usage_.series(); series > 0; --series, y += 20) { // as the areas lie
            svg_.begin("rect").attribute("x", x).attribute("y", y).attribute("width", 12.0).attribute("height", 12.0);
            svg_.attribute("fill", colour(series - 1)).close();
            svg_.label(x + 18, y + 10, name_of(series - 1));
        }
        svg_.begin("line").attribute("x1", x).attribute("y1", y + 6).attribute("x2", x + 12).attribute("y2", y + 6);
        svg_.attribute("stroke", "black").attribute("stroke-dasharray", "5 3").close();
        svg_.label(x + 18, y + 10, "reserved");
        if (!usage_.refusals().empty()) {
            svg_.begin_points("polygon", "points");
            svg_.point(x + 1, y + 22);
            svg_.point(x + 11, y + 22);
            svg_.point(x + 6, y + 32);
            svg_.end_points().attribute("fill", "#c00000").close();
            svg_.label(x + 18, y + 31, "refused");
        }
    }

    std::string name_of(std::size_t series) const {
        if (series + 1 == usage_.series()) {
            return "all others";
        }
        auto const& tag = snapshot_.tags[usage_.tag_at(series)];
        return tag.name.substr(0, 22) + ", peak " + format_bytes(tag.peak_bytes);
    }

    memory_snapshot const& snapshot_;
    double width_;
    double height_;
    usage_timeline usage_;
    svg_writer svg_;
    double highest_ = 1;
};

} // namespace detail

/// A picture (SVG) of what a snapshot's events tell: allocated memory over time, stacked by tag, the line of reserved
/// memory above it, and a mark where requests were refused. A column of two pixels shows its highest moment, so no peak is
/// lost. What was allocated before the first event is inferred from what is there at the end. Well-formed whatever the
/// names. Linear in the events and in the area of the picture.
inline std::string timeline_svg(memory_snapshot const& snapshot, picture_size size = {}) {
    ORFEAS_ASSERT(size.width >= 320 && size.width <= 8192 && size.height >= 240 && size.height <= 8192,
                  "a picture has 320 to 8192 by 240 to 8192 pixels");
    return detail::timeline_picture{snapshot, size}.draw();
}

} // namespace orfeas::inline v0::memory
