// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>

using namespace orfeas;

TEST_CASE("core: byte literals are IEC units") {
    CHECK(3_B == 3);
    CHECK(1_KiB == 1024);
    CHECK(2_MiB == 2 * 1024 * 1024);
    CHECK(1_GiB == 1024_MiB);
    CHECK(1_TiB == 1024_GiB);
}

TEST_CASE("core: byte sizes are written with the largest unit that leaves at least one") {
    CHECK(format_bytes(0) == "0 B");
    CHECK(format_bytes(1023) == "1023 B");
    CHECK(format_bytes(1024) == "1 KiB");
    CHECK(format_bytes(1536) == "1.5 KiB");
    CHECK(format_bytes(256_MiB) == "256 MiB");
    CHECK(format_bytes(~std::uint64_t{0}) == "16384 PiB");
}

TEST_CASE("core: byte sizes are read with and without a unit") {
    CHECK(parse_bytes("0") == 0U);
    CHECK(parse_bytes("268435456") == 256_MiB);
    CHECK(parse_bytes("256MiB") == 256_MiB);
    CHECK(parse_bytes("256 MiB") == 256_MiB);
    CHECK(parse_bytes("15PiB") == 15 * 1024_TiB);
}

TEST_CASE("core: what is no byte size is not read") {
    for (auto const* text :
         {"", " ", "MiB", "-1", "1.5MiB", "1 MB", "1MiBs", "1  MiB", "0x10", "18446744073709551616", "16384PiB"}) {
        INFO(text);
        CHECK_FALSE(parse_bytes(text).has_value());
    }
}
