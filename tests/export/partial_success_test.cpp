// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/protobuf_writer.hpp>
#include <orfeas/export/partial_success.hpp>

#include <random>
#include <string>

namespace exporting = orfeas::exporting;
using exporting::otlp_encoding;

namespace {

std::uint64_t in_protobuf(std::string_view body) {
    return exporting::rejected_items(otlp_encoding::protobuf, body, "rejectedSpans");
}
std::uint64_t in_json(std::string_view body) {
    return exporting::rejected_items(otlp_encoding::json, body, "rejectedSpans");
}

} // namespace

TEST_CASE("partial success in protobuf", "[export][partial_success]") {
    std::string text;
    {
        orfeas::protobuf_writer writer{text};
        writer.fixed64(7, 1); // of a later version
        auto const partial = writer.begin(1);
        writer.fixed32(9, 1);
        writer.text(2, "why");
        writer.int64(1, 1234);
        writer.end(partial);
    }
    CHECK(in_protobuf(text) == 1234);
    CHECK(in_protobuf("") == 0);
    CHECK(in_protobuf("{}") == 0);
    CHECK(in_protobuf(std::string_view{text}.substr(0, text.size() - 1)) == 0);
}

TEST_CASE("partial success in JSON", "[export][partial_success]") {
    CHECK(in_json(R"({"partialSuccess":{"rejectedSpans":"12"}})") == 12);
    CHECK(in_json(R"({"partialSuccess":{"rejectedSpans":12}})") == 12);
    CHECK(in_json(R"({"partialSuccess":{}})") == 0);
    for (char const* text :
         {"", "{}", "[]", "garbage", "{", R"({"partialSuccess":7})", R"({"partialSuccess":null})",
          R"({"partialSuccess":{"rejectedSpans":"x"}})", R"({"partialSuccess":{"rejectedSpans":-3}})",
          R"({"partialSuccess":{"rejectedSpans":"-3"}})", R"({"partialSuccess":{"rejectedSpans":{}}})"}) {
        INFO(text);
        CHECK(in_json(text) == 0);
    }
    CHECK(in_json(std::string(100'000, '[')) == 0);
}

TEST_CASE("random bytes in an answer do no harm", "[export][partial_success]") {
    auto const seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random{seed};
    for (int round = 0; round < 20'000; ++round) {
        std::string text(random() % 24, '\0');
        for (auto& c : text) {
            c = static_cast<char>(random());
        }
        in_protobuf(text);
        in_json(text);
    }
    SUCCEED();
}
