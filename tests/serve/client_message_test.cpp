// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/serve/client_message.hpp>

#include <string>

using namespace orfeas;

namespace {

observe::series const pool{"memory_bytes{component=\"pool\"}", "memory_bytes", {}, {}, {}, {}};
observe::series const cache{"cache_bytes{component=\"meshes\"}", "cache_bytes", {}, {}, {}, {}};

} // namespace

TEST_CASE("serve: subscribe and unsubscribe messages change the filter") {
    serve::metric_filter filter;
    CHECK_FALSE(
        serve::apply_client_message(R"({"type":"subscribe","metrics":["memory_bytes","cache_bytes"]})", filter));
    CHECK(filter.wants(pool));
    CHECK(filter.wants(cache));
    CHECK_FALSE(serve::apply_client_message(R"({"type":"unsubscribe","metrics":["cache_bytes"]})", filter));
    CHECK(filter.wants(pool));
    CHECK_FALSE(filter.wants(cache));
    CHECK_FALSE(serve::apply_client_message(R"({"type":"subscribe","metrics":[]})", filter));
    CHECK(filter.wants(pool));
}

TEST_CASE("serve: a message that makes no sense is refused with a sentence and changes nothing") {
    serve::metric_filter filter;
    for (auto const* text : {"", "{", "null", "[]", "7", R"({"metrics":["x"]})", R"({"type":"subscribe"})",
                             R"({"type":"delete","metrics":["x"]})", R"({"type":7,"metrics":["x"]})",
                             R"({"type":"subscribe","metrics":"x"})", R"({"type":"subscribe","metrics":["x",7]})",
                             "{\"type\":\"subscribe\",\"metrics\":[\"\xff\"]}"}) {
        INFO(text);
        auto const refusal = serve::apply_client_message(text, filter);
        REQUIRE(refusal.has_value());
        CHECK_FALSE(refusal->empty());
        CHECK(filter.wants_everything());
    }
}

TEST_CASE("serve: a flood of names is refused") {
    serve::metric_filter filter;
    std::string text = R"({"type":"subscribe","metrics":["x")";
    for (int i = 0; i < 10'000; ++i) {
        text += R"(,"x")";
    }
    CHECK(serve::apply_client_message(text + "]}", filter).has_value());
    CHECK(filter.wants_everything());
}

TEST_CASE("serve: deeply nested messages do no harm") {
    serve::metric_filter filter;
    CHECK(serve::apply_client_message(std::string(16'000, '['), filter).has_value());
}

TEST_CASE("serve: the answer to a refused message says why") {
    CHECK(serve::error_message("no \"such\" thing") == R"({"type":"error","detail":"no \"such\" thing"})");
}
