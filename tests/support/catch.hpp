// SPDX-License-Identifier: MIT
//
// One include for every test, whichever Catch2 is installed: version 2 (one header, Debian 12) or version 3.
// Tests use version 3's spellings; what version 2 calls differently is named here.
#pragma once

#if __has_include(<catch2/catch_test_macros.hpp>)
#    include <catch2/catch_approx.hpp>
#    include <catch2/catch_message.hpp>
#    include <catch2/catch_template_test_macros.hpp>
#    include <catch2/catch_test_macros.hpp>
#    include <catch2/generators/catch_generators_all.hpp>
#    include <catch2/matchers/catch_matchers_all.hpp>
#elif __has_include(<catch2/catch.hpp>)
#    include <catch2/catch.hpp>
#else
#    error "Catch2 is not on the include path: install catch2, or name the folder of catch2/catch.hpp in CATCH2_INCLUDE"
#endif

#include <string>

namespace orfeas_test {

/// Notes that the running test case was left out, and why. Counted and printed at the end of the run.
void note_skip(std::string const& reason);

/// Matches a string that holds `part`; version 2 calls it Contains, version 3 ContainsSubstring.
inline auto contains(std::string const& part) {
#if __has_include(<catch2/catch_test_macros.hpp>)
    return Catch::Matchers::ContainsSubstring(part);
#else
    return Catch::Matchers::Contains(part);
#endif
}

} // namespace orfeas_test

/// Leaves the test case with a reason ("no CUDA device", …); it counts as skipped, not as passed.
/// To be used in the body of a TEST_CASE itself, before any assertion that could fail.
#define ORFEAS_TEST_SKIP(reason)                                                                                       \
    do {                                                                                                               \
        ::orfeas_test::note_skip(reason);                                                                              \
        SUCCEED("skipped");                                                                                            \
        return;                                                                                                        \
    } while (false)
