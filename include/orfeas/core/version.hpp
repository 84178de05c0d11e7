// SPDX-License-Identifier: MIT
#pragma once

#include <compare>

/// The version of orfeas, the single source that CMake and the packages read.
/// Semantic versioning: while the major number is 0, the minor number marks incompatible changes.
#define ORFEAS_VERSION_MAJOR 0
#define ORFEAS_VERSION_MINOR 1
#define ORFEAS_VERSION_PATCH 0

#define ORFEAS_STRINGIZE_TOKEN(token) #token
#define ORFEAS_STRINGIZE(token) ORFEAS_STRINGIZE_TOKEN(token)

/// "major.minor.patch" as a string literal.
#define ORFEAS_VERSION_STRING                                                                                          \
    ORFEAS_STRINGIZE(ORFEAS_VERSION_MAJOR)                                                                             \
    "." ORFEAS_STRINGIZE(ORFEAS_VERSION_MINOR) "." ORFEAS_STRINGIZE(ORFEAS_VERSION_PATCH)

namespace orfeas::inline v0 {

/// A semantic version.
struct version {
    int major;
    int minor;
    int patch;

    friend constexpr auto operator<=>(version const&, version const&) = default;
};

/// The version of the headers that are being compiled.
inline constexpr version current_version{ORFEAS_VERSION_MAJOR, ORFEAS_VERSION_MINOR, ORFEAS_VERSION_PATCH};

} // namespace orfeas::inline v0
