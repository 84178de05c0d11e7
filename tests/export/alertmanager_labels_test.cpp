// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/export/alertmanager_labels.hpp>

namespace alert = orfeas::alert;
namespace exporting = orfeas::exporting;

TEST_CASE("alertmanager labels: what is valid stays", "[export]") {
    alert::label_set const good{{"_a1", "x"}, {"alertname", "full"}, {"pool", "h\xc3\xb6he \"1\""}};
    exporting::label_repairs repairs;
    CHECK(exporting::valid_labels(good, repairs) == good);
    CHECK(repairs.changed == 0);
    CHECK(repairs.dropped == 0);
}

TEST_CASE("alertmanager labels: names and values are made valid", "[export]") {
    alert::label_set const odd{{"", "empty"},
                               {"1st", "x"},
                               {"http.route", "/a\xff/"},
                               {"gr\xc3\xb6\xc3\x9f"
                                "e",
                                "1"}};
    exporting::label_repairs repairs;
    auto const made = exporting::valid_labels(odd, repairs);
    CHECK(alert::value_of(made, "_") == "empty");
    CHECK(alert::value_of(made, "_1st") == "x");
    CHECK(alert::value_of(made, "http_route") == "/a\xEF\xBF\xBD/");
    CHECK(alert::value_of(made, "gr____e") == "1");
    CHECK(repairs.changed == 4);
    CHECK(repairs.dropped == 0);
}

TEST_CASE("alertmanager labels: of two of one name the one that had it stays", "[export]") {
    alert::label_set const odd{{"a-b", "1"}, {"a.b", "2"}, {"a_b", "3"}, {"c-d", "4"}, {"c.d", "5"}};
    exporting::label_repairs repairs;
    CHECK(exporting::valid_labels(odd, repairs) == alert::label_set{{"a_b", "3"}, {"c_d", "4"}});
    CHECK(repairs.changed == 1);
    CHECK(repairs.dropped == 3);
}
