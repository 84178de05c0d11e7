// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/csv.hpp>

#include <cstddef>
#include <limits>
#include <random>
#include <string>
#include <vector>

using namespace orfeas;

namespace {

using row = std::vector<std::string>;

std::vector<row> rows_of(std::string const& text, bool good = true) {
    csv_reader in{text};
    std::vector<row> rows;
    for (row each; in.next(each);) {
        rows.push_back(each);
    }
    CHECK(in.good() == good);
    return rows;
}

std::string written(row const& fields) {
    std::string text;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        text.append(i == 0 ? "" : ",");
        append_csv(text, fields[i]);
    }
    return text + "\r\n";
}

} // namespace

TEST_CASE("core: a CSV field is quoted when it has to be, a number that is none is empty") {
    std::string text;
    for (char const* field : {"plain", "a,b", "say \"a\"", "two\nlines"}) {
        append_csv(text, field);
        text.push_back(';');
    }
    CHECK(text == "plain;\"a,b\";\"say \"\"a\"\"\";\"two\nlines\";");
    text.clear();
    append_csv(text, 0.1);
    append_csv(text, std::numeric_limits<double>::quiet_NaN());
    append_csv(text, std::numeric_limits<double>::infinity());
    CHECK(text == "0.1");
}

TEST_CASE("core: CSV rows are taken apart") {
    CHECK(rows_of("") == std::vector<row>{});
    CHECK(rows_of("a,b\r\nc,d\r\n") == std::vector<row>{{"a", "b"}, {"c", "d"}});
    CHECK(rows_of("a,,\n\nlast") == std::vector<row>{{"a", "", ""}, {""}, {"last"}});
    CHECK(rows_of("\"x,\"\"y\"\"\r\n\",2\r\n") == std::vector<row>{{"x,\"y\"\r\n", "2"}});
    CHECK(rows_of("ok\n\"open", false) == std::vector<row>{{"ok"}});
    CHECK(rows_of("a\"b", false).empty());
    CHECK(rows_of("\"a\"b", false).empty());
    CHECK(rows_of("a\rb", false).empty());
}

TEST_CASE("core: what was written as CSV is read back") {
    std::mt19937 random{1};
    std::string const letters = "ab,\"\r\n ";
    for (int i = 0; i < 2'000; ++i) {
        row fields(1 + random() % 4);
        for (auto& each : fields) {
            for (auto length = random() % 6; length > 0; --length) {
                each.push_back(letters[random() % letters.size()]);
            }
        }
        INFO("case " << i << ", seed 1");
        CHECK(rows_of(written(fields)) == std::vector<row>{fields});
    }
}
