// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/alert/label_set.hpp>

#include <utility>
#include <vector>

namespace alert = orfeas::alert;

TEST_CASE("labels are in order, each once, none empty", "[alert]") {
    std::vector<std::pair<std::string, std::string>> const any{{"b", "2"}, {"a", "1"}, {"c", ""}, {"b", "3"}};
    auto labels = alert::label_set_of(any);
    CHECK(labels == alert::label_set{{"a", "1"}, {"b", "3"}});
    CHECK(alert::value_of(labels, "b") == "3");
    CHECK(alert::value_of(labels, "c").empty());
    alert::set_label(labels, "a", "");
    CHECK(labels == alert::label_set{{"b", "3"}});
}

TEST_CASE("a fingerprint is of the labels alone, and the same on every machine", "[alert]") {
    CHECK(alert::fingerprint({{"a", "bc"}}) != alert::fingerprint({{"ab", "c"}}));
    CHECK(alert::fingerprint({{"a", "1"}, {"b", "2"}}) != alert::fingerprint({{"a", "1"}}));
    CHECK(alert::fingerprint({}) == 0xef46db3751d8e999U); // XXH64 of nothing
}
