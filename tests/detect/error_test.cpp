// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/detect/error.hpp>

#include <set>
#include <string>
#include <system_error>

using orfeas::detect::error;

TEST_CASE("detect: each error has a sentence of its own") {
    std::set<std::string> sentences;
    for (auto const each : {error::foreign_state, error::truncated_state, error::other_version, error::other_options,
                            error::corrupted_state}) {
        std::error_code const code = each;
        CHECK(code);
        CHECK(std::string{code.category().name()} == "orfeas.detect");
        CHECK(code.message() != "unknown error");
        sentences.insert(code.message());
    }
    CHECK(sentences.size() == 5);
}
