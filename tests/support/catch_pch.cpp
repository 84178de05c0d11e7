// SPDX-License-Identifier: MIT
//
// The owner of the precompiled support/catch.hpp, which all test executables share: it is most of what a test's
// compilation costs.
#include "support/catch.hpp"
