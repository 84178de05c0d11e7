// SPDX-License-Identifier: MIT
#include "net/gunzip.hpp"
#include "support/catch.hpp"

#include <orfeas/net/compress_gzip.hpp>

#include <random>
#include <string>

namespace net = orfeas::net;

TEST_CASE("net: what gzip has packed is unpacked the same") {
    std::mt19937 random{std::random_device{}()};
    for (std::size_t const size : {0U, 1U, 2U, 100U, 65'535U, 1U << 20U}) {
        std::string plain(size, '\0');
        for (auto& c : plain) {
            c = static_cast<char>(random()); // nothing can be gained: the packed text is the longer one
        }
        CAPTURE(size);
        auto const packed = net::gzip(plain);
        REQUIRE(packed.size() >= 18); // RFC 1952: header and trailer
        CHECK(packed.starts_with("\x1F\x8B"));
        CHECK(orfeas_test::gunzip(packed) == plain);
    }
}

TEST_CASE("net: gzip makes short what repeats itself") {
    std::string const plain(1 << 20, 'a');
    auto const packed = net::gzip(plain);
    CHECK(packed.size() < plain.size() / 100);
    CHECK(orfeas_test::gunzip(packed) == plain);
}
