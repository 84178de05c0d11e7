// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/error.hpp>
#include <orfeas/detect/any_detector.hpp>
#include <orfeas/detect/correlation_detector.hpp>
#include <orfeas/detect/drift_detector.hpp>
#include <orfeas/detect/ensemble.hpp>
#include <orfeas/detect/half_space_trees.hpp>
#include <orfeas/detect/metric_detector.hpp>
#include <orfeas/detect/outlier_detector.hpp>
#include <orfeas/detect/per_metric.hpp>
#include <orfeas/detect/random_cut_forest.hpp>
#include <orfeas/detect/season_detector.hpp>
#include <orfeas/detect/spike_detector.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace detect_tool {

/// A detector with the name that it is asked for by.
struct named_judge {
    std::string_view name;
    orfeas::detect::any_vector_detector (*make)(std::size_t columns);
};

/// Each column on its own.
template<class Judge>
orfeas::detect::any_vector_detector each_column(std::size_t columns) {
    return orfeas::detect::per_metric{columns, Judge{}};
}

/// All columns together.
template<class Judge>
orfeas::detect::any_vector_detector all_columns(std::size_t columns) {
    return Judge{columns};
}

/// Each column by all that is known of single metrics, and how they go together where there are several.
inline orfeas::detect::any_vector_detector ensemble(std::size_t columns) {
    namespace detect = orfeas::detect;
    if (columns < 2) {
        return detect::per_metric{columns, detect::metric_detector{}};
    }
    return detect::ensemble{columns};
}

/// The detectors that the tool knows; the first is the default.
inline constexpr std::array judges{
    named_judge{"ensemble", &ensemble},
    named_judge{"spike", &each_column<orfeas::detect::spike_detector>},
    named_judge{"drift", &each_column<orfeas::detect::drift_detector>},
    named_judge{"outlier", &each_column<orfeas::detect::outlier_detector>},
    named_judge{"season", &each_column<orfeas::detect::season_detector>},
    named_judge{"correlation", &all_columns<orfeas::detect::correlation_detector>},
    named_judge{"random_cut_forest", &all_columns<orfeas::detect::vector_random_cut_forest>},
    named_judge{"half_space_trees", &all_columns<orfeas::detect::vector_half_space_trees>},
};

/// The detector of that name for so many columns. Throws orfeas::option_error for a name that is none.
inline orfeas::detect::any_vector_detector make_judge(std::string_view name, std::size_t columns) {
    std::string known;
    for (auto const& each : judges) {
        if (each.name == name) {
            return each.make(columns);
        }
        known.append(known.empty() ? "" : ", ").append(each.name);
    }
    throw orfeas::option_error{"--detector", name, known};
}

} // namespace detect_tool
