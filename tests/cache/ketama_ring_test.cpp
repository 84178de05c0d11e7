// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cache/ketama_ring.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace cache = orfeas::cache;
using cache::ketama_ring;
using cache::ring_member;

namespace {

std::string hex(cache::detail::md5_words const& words) {
    std::string text;
    for (auto const word : words) {
        for (int byte = 0; byte < 4; ++byte) {
            char two[3];
            std::snprintf(two, sizeof two, "%02x", (word >> (8 * byte)) & 0xff);
            text += two;
        }
    }
    return text;
}

/// What libmemcached's own tests (test/fixtures/ketama.hpp) expect of its weighted ketama distribution: a key, its hash,
/// and the last digit of the server.
struct expectation {
    std::string_view key;
    std::uint32_t hash;
    int server;
};

constexpr expectation expected[] = {
    {R"(SVa_]_V41))", 443691461U, 7},  {R"(*/Z;?V(.\8)", 1422915503U, 1}, {R"(30C1*Z*S/_)", 1473165754U, 2},
    {R"(ERR:EC58G>)", 2148406511U, 7}, {R"(1I=cTMNTKF)", 2882686667U, 5}, {R"(]VG<`I*Z8))", 1103544263U, 5},
    {R"(UUTC`-V159)", 3716288206U, 5}, {R"(@7RU6C6T+Z)", 3862737685U, 5}, {R"(/XLN0@+36;)", 1623269830U, 1},
    {R"(4(`X;\V.^c)", 373546328U, 1},  {R"(726bW=9*a4)", 4213440020U, 7}, {R"(\`)<B)UE,c)", 951096736U, 1},
    {R"(P1[Ma3=K1/)", 1989324036U, 8}, {R"(C89I.-V?cT)", 1604239957U, 8}, {R"(D[HE+cFXDK)", 2117036136U, 3},
    {R"(=256P+;Qc8)", 3976201210U, 5}, {R"(2TLRL/UL;:)", 1086800909U, 7}, {R"(WHD\O1`ZRW)", 3087923411U, 5},
    {R"(.=54)_c;=T)", 2497691631U, 1}, {R"(M/HV^_HZ4O)", 3623390946U, 7}, {R"([>RZHG97Q9)", 71954686U, 6},
    {R"(N-)88>[O`,)", 50404102U, 5},   {R"(WS/3H*)7F;)", 419488232U, 5},  {R"([1ZXONX2]a)", 4108881567U, 4},
    {R"(\MQ_XNT7L-)", 1259349383U, 7}, {R"(VD6D0]ba_\)", 3842502950U, 1},
};

/// The servers of that test. Their port is 11211, which libmemcached leaves out of the hashed name.
std::vector<ring_member> libmemcached_servers() {
    return {{"10.0.1.1", 600},  {"10.0.1.2", 300}, {"10.0.1.3", 200}, {"10.0.1.4", 350},
            {"10.0.1.5", 1000}, {"10.0.1.6", 800}, {"10.0.1.7", 950}, {"10.0.1.8", 100}};
}

std::vector<ring_member> nodes(std::size_t count) {
    std::vector<ring_member> members;
    for (std::size_t i = 0; i < count; ++i) {
        members.push_back({"192.168.1." + std::to_string(101 + i) + ":11210"});
    }
    return members;
}

} // namespace

TEST_CASE("cache: MD5 gives the digests of RFC 1321") {
    using cache::detail::md5;
    CHECK(hex(md5("")) == "d41d8cd98f00b204e9800998ecf8427e");
    CHECK(hex(md5("a")) == "0cc175b9c0f1b6a831c399e269772661");
    CHECK(hex(md5("abc")) == "900150983cd24fb0d6963f7d28e17f72");
    CHECK(hex(md5("message digest")) == "f96b697d7cb7938d525a2f31aaf161d0");
    CHECK(hex(md5("abcdefghijklmnopqrstuvwxyz")) == "c3fcd3d76192e4007dfb496cca67e13b");
    CHECK(hex(md5("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")) ==
          "d174ab98d277d9f5a5611c2c9f419d9f");
    CHECK(hex(md5("12345678901234567890123456789012345678901234567890123456789012345678901234567890")) ==
          "57edf4a22be3c955ac49da2e2107b67a");
}

TEST_CASE("cache: MD5 pads texts of every length around a block") {
    CHECK(hex(cache::detail::md5(std::string(55, 'a'))) == "ef1772b6dff9a122358552954ad0df65");
    CHECK(hex(cache::detail::md5(std::string(56, 'a'))) == "3b0c8ac703f828b04c6c197006d17218");
    CHECK(hex(cache::detail::md5(std::string(63, 'a'))) == "b06521f39153d618550606be297466d5");
    CHECK(hex(cache::detail::md5(std::string(64, 'a'))) == "014842d480b571495a4a0363793f7367");
    CHECK(hex(cache::detail::md5(std::string(65, 'a'))) == "c743a45e0d2e6a95cb859adae0248435");
}

TEST_CASE("cache: the ketama ring sends keys where libmemcached sends them") {
    ketama_ring const ring{libmemcached_servers()};
    for (auto const& [key, hash, server] : expected) {
        INFO(key);
        CHECK(ketama_ring::hash_of(key) == hash);
        CHECK(ring.members()[ring.node_of(ketama_ring::hash_of(key))].name == "10.0.1." + std::to_string(server));
    }
    // libmemcached's example of a key past the last point, which goes to the first one.
    CHECK(ketama_ring::hash_of("VDEAAAAA") == 0xfffcd1b5U);
    CHECK(ring.node_of(0xfffcd1b5U) == ring.node_of(0));
    CHECK(ring.node_of(0xffffffffU) == ring.node_of(0));
}

TEST_CASE("cache: a ketama ring has 160 points a node, and with weights as many as libmemcached gives") {
    CHECK(ketama_ring{nodes(4)}.point_count() == 640);
    CHECK(ketama_ring{nodes(1)}.point_count() == 160);
    std::size_t points = 0;
    for (std::size_t const weight : {600U, 300U, 200U, 350U, 1000U, 800U, 950U, 100U}) {
        points += 4 * (weight * 320 / 4300);
    }
    CHECK(ketama_ring{libmemcached_servers()}.point_count() == points);
}

TEST_CASE("cache: the shares of a ketama ring add up and are those of the keys") {
    ketama_ring const ring{nodes(5)};
    std::vector<double> counted(5);
    for (int i = 0; i < 50'000; ++i) {
        counted[ring.node_of(ketama_ring::hash_of("key " + std::to_string(i)))] += 1.0 / 50'000;
    }
    double sum = 0;
    for (std::size_t i = 0; i < 5; ++i) {
        CHECK(ring.share(i) == Approx(counted[i]).margin(0.01));
        sum += ring.share(i);
    }
    CHECK(sum == Approx(1));
}

TEST_CASE("cache: without a node its keys go to their successors, and no other key moves") {
    auto const members = nodes(6);
    ketama_ring const ring{members};
    ketama_ring const without = ring.without(members[2].name);
    for (int i = 0; i < 5'000; ++i) {
        auto const hash = ketama_ring::hash_of("key " + std::to_string(i));
        std::size_t next = 0;
        REQUIRE(ring.successors(hash, {&next, 1}) == 1);
        std::size_t const expected_node = ring.node_of(hash) == 2 ? next : ring.node_of(hash);
        REQUIRE(without.members()[without.node_of(hash)].name == members[expected_node].name);
    }
    std::vector<std::size_t> all(9);
    CHECK(ring.successors(7, all) == 5);
}

TEST_CASE("cache: a ketama ring is independent of the order of its members") {
    auto members = libmemcached_servers();
    ketama_ring const ring{members};
    std::reverse(members.begin(), members.end());
    ketama_ring const reversed{members};
    for (int i = 0; i < 2'000; ++i) {
        auto const hash = ketama_ring::hash_of("key " + std::to_string(i));
        REQUIRE(ring.members()[ring.node_of(hash)].name == reversed.members()[reversed.node_of(hash)].name);
    }
}

TEST_CASE("cache: a ketama ring refuses what it cannot place") {
    CHECK_THROWS_AS(ketama_ring{std::vector<ring_member>{}}, orfeas::option_error);
    CHECK_THROWS_AS((ketama_ring{{{"a"}, {"a"}}}), orfeas::option_error);
    CHECK_THROWS_AS((ketama_ring{{{"a"}, {"b", 0}}}), orfeas::option_error);
    CHECK_THROWS_WITH((ketama_ring{{{"a", 100'000}, {"b", 1}}}), orfeas_test::contains("weight of ring member b"));
}
