// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/thread_cache_options.hpp>

using namespace orfeas::literals;
using orfeas::memory::thread_cache_options;

TEST_CASE("memory: a thread cache keeps 4 MiB unless told otherwise, and not without bound") {
    CHECK(thread_cache_options{}.limit_bytes == 4_MiB);
    CHECK_NOTHROW(orfeas::validate(thread_cache_options{.limit_bytes = 0}));
    CHECK_THROWS_AS(orfeas::validate(thread_cache_options{.limit_bytes = 2_GiB}), orfeas::option_error);
}
