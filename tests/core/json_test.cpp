// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/json.hpp>
#include <orfeas/core/trace_id.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace orfeas;

namespace {

enum class mood { calm, busy };
constexpr std::string_view to_string(mood m) {
    return m == mood::calm ? "calm" : "busy";
}

struct inner {
    double share = 0.5;
    static void fields(auto& self, auto&& field) { field("share", self.share, unit::ratio, "a part"); }
};

struct report {
    std::uint64_t reserved_bytes = 7;
    mood state = mood::busy;
    std::optional<int> limit;
    std::vector<inner> parts{{0.25}, {0.75}};
    std::chrono::milliseconds age{1500};
    static void fields(auto& self, auto&& field) {
        field("reserved_bytes", self.reserved_bytes, unit::bytes, "bytes");
        field("state", self.state, unit::none, "how it is");
        field("limit", self.limit, unit::none, "if any");
        field("parts", self.parts, unit::none, "all of them");
        field("age", self.age, unit::seconds, "how old");
    }
};

std::string quoted(std::string_view text) {
    return to_json(text);
}

} // namespace

TEST_CASE("core: JSON separates members and elements by itself") {
    std::string text;
    json_writer json{text};
    json.begin_object().member("a", 1).key("b").begin_array().value(true).value("x").null().begin_object().end_object();
    json.end_array().member("c", -2.5).end_object();
    CHECK(text == R"({"a":1,"b":[true,"x",null,{}],"c":-2.5})");
}

TEST_CASE("core: JSON strings are escaped") {
    CHECK(quoted("plain") == R"("plain")");
    CHECK(quoted("a\"b\\c\n\r\t\x01") == R"("a\"b\\c\n\r\t\u0001")");
    CHECK(quoted("Zürich €😀") == R"("Zürich €😀")");
    CHECK(quoted(std::string_view{"a\0b", 3}) == R"("a\u0000b")");
}

TEST_CASE("core: bytes that are not UTF-8 become the replacement character") {
    CHECK(quoted("\xff") == "\"\xEF\xBF\xBD\"");
    CHECK(quoted("\xC3") == "\"\xEF\xBF\xBD\"");                                 // cut short
    CHECK(quoted("\xC0\xAF") == "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");                 // overlong
    CHECK(quoted("\xED\xA0\x80") == "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""); // surrogate
    CHECK(quoted("\xF4\x90\x80\x80").size() == 2 + 4 * 3);                       // above U+10FFFF
}

TEST_CASE("core: JSON numbers keep their exact value, and what is no number is null") {
    CHECK(to_json(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
    CHECK(to_json(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
    CHECK(to_json(0.1) == "0.1");
    CHECK(to_json(std::numeric_limits<double>::quiet_NaN()) == "null");
    CHECK(to_json(-std::numeric_limits<double>::infinity()) == "null");
    CHECK(std::stod(to_json(1.0 / 3.0)) == 1.0 / 3.0);
}

TEST_CASE("core: a report becomes an object with its fields") {
    CHECK(to_json(report{}) ==
          R"({"reserved_bytes":7,"state":"busy","limit":null,"parts":[{"share":0.25},{"share":0.75}],"age":1.5})");
}

TEST_CASE("core: times and ids have their JSON forms") {
    CHECK(to_json(wall_time{std::chrono::milliseconds{1500}}) == "1.5");
    CHECK(to_json(span_id{0xabcdef}) == "\"0000000000abcdef\"");
}
