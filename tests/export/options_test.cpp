// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/export/options.hpp>

#include <string>

using orfeas::exporting::otlp_options;

TEST_CASE("export options are read from the environment", "[export][options]") {
    auto const read = orfeas::from_environment<otlp_options>(
        {}, {"ORFEAS_EXPORT_ENDPOINT=http://collector:4318/otlp/", "ORFEAS_EXPORT_HEADERS=x-key=a b, x-more = c",
             "ORFEAS_EXPORT_RESOURCE_ATTRIBUTES=deployment.environment=test", "ORFEAS_EXPORT_PROTOCOL=json",
             "ORFEAS_EXPORT_SCHEDULE_DELAY=250ms"});
    CHECK(read.url_of("/v1/traces").target == "/otlp/v1/traces");
    CHECK(read.url_of("/v1/traces").host == "collector");
    CHECK(otlp_options{}.url_of("/v1/metrics").target == "/v1/metrics");
    auto const headers = otlp_options::pairs(read.headers, "headers");
    REQUIRE(headers.size() == 2);
    CHECK(headers[0].second == "a b");
    CHECK(headers[1].first == "x-more");
    CHECK(headers[1].second == "c");
    CHECK(read.schedule_delay == std::chrono::milliseconds{250});
}

TEST_CASE("export options that cannot work are refused by name", "[export][options]") {
    auto const refused = [](std::string const& variable) {
        try {
            orfeas::from_environment<otlp_options>({}, {variable});
        } catch (orfeas::option_error const& error) {
            return error.field();
        }
        return std::string{};
    };
    CHECK(refused("ORFEAS_EXPORT_ENDPOINT=collector:4318") == "ORFEAS_EXPORT_ENDPOINT");
    CHECK(refused("ORFEAS_EXPORT_ENDPOINT=http://collector/?x") == "ORFEAS_EXPORT_ENDPOINT");
    CHECK(refused("ORFEAS_EXPORT_PROTOCOL=grpc") == "ORFEAS_EXPORT_PROTOCOL");
    CHECK(refused("ORFEAS_EXPORT_HEADERS=novalue") == "ORFEAS_EXPORT_HEADERS");
    CHECK(refused("ORFEAS_EXPORT_HEADERS=bad name=1") == "ORFEAS_EXPORT_HEADERS");
    CHECK(refused("ORFEAS_EXPORT_RESOURCE_ATTRIBUTES==1") == "ORFEAS_EXPORT_RESOURCE_ATTRIBUTES");
    CHECK(refused("ORFEAS_EXPORT_QUEUE_ITEMS=0") == "ORFEAS_EXPORT_QUEUE_ITEMS");
    CHECK(refused("ORFEAS_EXPORT_ATTEMPTS=0") == "ORFEAS_EXPORT_ATTEMPTS");
    CHECK(refused("ORFEAS_EXPORT_NO_SUCH=1") == "ORFEAS_EXPORT_NO_SUCH");
}
