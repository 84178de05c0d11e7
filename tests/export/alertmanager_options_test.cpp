// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/export/alertmanager_options.hpp>

#include <string>
#include <vector>

namespace exporting = orfeas::exporting;
using orfeas::option_error;
using orfeas::validate;

TEST_CASE("alertmanager options: URLs, labels and headers that can be used", "[export]") {
    CHECK_NOTHROW(validate(exporting::alertmanager_options{}));
    CHECK_NOTHROW(validate(exporting::alertmanager_options{.urls = {"http://a:9093", "https://b/am"},
                                                           .labels = {"instance=studio-1"},
                                                           .generator_url = "http://studio:5000/?x#alerts"}));
    CHECK_THROWS_AS(validate(exporting::alertmanager_options{.urls = {}}), option_error);
    CHECK_THROWS_AS(validate(exporting::alertmanager_options{.urls = {"http://a:9093", "b:9093"}}), option_error);
    CHECK_THROWS_AS(validate(exporting::alertmanager_options{.urls = {"http://a/?x"}}), option_error);
    CHECK_THROWS_AS(validate(exporting::alertmanager_options{.headers = {"a b=c"}}), option_error);
    CHECK_THROWS_AS(validate(exporting::alertmanager_options{.labels = {"instance"}}), option_error);
    CHECK_THROWS_AS(validate(exporting::alertmanager_options{.generator_url = "studio"}), option_error);
}
