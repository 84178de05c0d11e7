// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/memory/error.hpp>

#include <string>
#include <system_error>

using orfeas::memory::backend_error;
using orfeas::memory::error;

TEST_CASE("memory: every error code has a sentence") {
    for (auto const e : {error::out_of_memory, error::unavailable, error::call_failed, error::device_lost}) {
        std::error_code const code = e;
        CHECK(code.category().name() == std::string{"orfeas.memory"});
        CHECK(code.message().size() > 20);
    }
}

TEST_CASE("memory: a backend's error carries its reason, call and code") {
    backend_error const e{error::unavailable, "cuInit", 100, "no GPU"};
    CHECK(e.reason() == error::unavailable);
    CHECK(e.code() == error::unavailable);
    CHECK(e.code() != error::call_failed);
    CHECK(std::string{e.call()} == "cuInit");
    CHECK(e.native_code() == 100);
    CHECK(std::string{e.what()} == "no GPU");
}
