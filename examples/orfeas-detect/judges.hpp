// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/error.hpp>
#include <orfeas/detect/any_detector.hpp>
#include <orfeas/detect/outlier_detector.hpp>
#include <orfeas/detect/per_metric.hpp>

#include <cstddef>
#include <string_view>

namespace detect_tool {

/// The detector of that name for so many columns. Throws orfeas::option_error for a name that is none.
inline orfeas::detect::any_vector_detector make_judge(std::string_view name, std::size_t columns) {
    namespace detect = orfeas::detect;
    if (name == "outlier") {
        return detect::per_metric{columns, detect::outlier_detector{}};
    }
    throw orfeas::option_error{"--detector", name, "outlier"};
}

} // namespace detect_tool
