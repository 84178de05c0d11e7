// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/http/problem.hpp>

namespace http = orfeas::http;

TEST_CASE("http: a problem is a document with its media type") {
    http::response const answer = http::problem{http::status::bad_request}
                                      .detail("width_mm is \"0\".")
                                      .field("width_mm")
                                      .allowed("between 1 and 300")
                                      .set("retry-after", "1");
    CHECK(answer.status() == http::status::bad_request);
    CHECK(answer.field("content-type") == "application/problem+json");
    CHECK(answer.field("retry-after") == "1");
    CHECK(answer.body().text() ==
          R"({"type":"about:blank","title":"Bad Request","status":400,"detail":"width_mm is \"0\".",)"
          R"("field":"width_mm","allowed":"between 1 and 300"})");
}

TEST_CASE("http: the problem of a refusal names it") {
    http::problem problem{http::refusal::no_route};
    CHECK(problem.status() == http::status::not_found);
    CHECK(problem.json() == R"({"type":"urn:orfeas:problem:no_route","title":"Not Found","status":404,)"
                            R"("detail":"There is nothing at this path."})");
    problem.type("https://example.org/gone").detail("It has gone.");
    CHECK(problem.json() == R"({"type":"https://example.org/gone","title":"Not Found","status":404,)"
                            R"("detail":"It has gone."})");
}

TEST_CASE("http: a problem can be thrown") {
    try {
        throw http::problem_error{http::problem{http::status::conflict}.detail("twice")};
    } catch (http::problem_error const& error) {
        CHECK(error.what() == std::string{"Conflict"});
        CHECK(error.problem().response().status() == http::status::conflict);
    }
}
