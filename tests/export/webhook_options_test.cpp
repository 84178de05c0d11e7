// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/export/webhook_options.hpp>

#include <string>

namespace exporting = orfeas::exporting;
using Catch::Matchers::Contains;
using orfeas::option_error;
using orfeas::validate;

namespace {

std::string const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"; // of the Standard Webhooks specification

exporting::webhook_options good() {
    return {.url = "http://127.0.0.1:8080/alerts?team=a", .secrets = {secret}};
}

} // namespace

TEST_CASE("webhook options: a URL, secrets and headers that can be used", "[export][webhook]") {
    CHECK_NOTHROW(validate(good()));
    for (auto const* url : {"", "pager", "ftp://host/", "http://user:word@host/"}) {
        auto options = good();
        options.url = url;
        CAPTURE(url);
        CHECK_THROWS_AS(validate(options), option_error);
    }
    for (auto const* headers : {"authorization", "=x", "a b=c"}) {
        auto options = good();
        options.headers = {headers};
        CHECK_THROWS_AS(validate(options), option_error);
    }
}

TEST_CASE("webhook options: a secret that cannot be used is not repeated to anybody", "[export][webhook]") {
    for (std::string const wrong :
         {"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_c2hvcnQ=", "whsec_no base64!"}) {
        auto options = good();
        options.secrets.push_back(wrong);
        CAPTURE(wrong);
        CHECK_THROWS_WITH(validate(options), Contains("whsec_ and 24 to 64 bytes") && !Contains("'" + wrong + "'"));
    }
    CHECK(exporting::detail::webhook_key(secret).value().size() == 24);
}
