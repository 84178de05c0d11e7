// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/sha256.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

using orfeas::hmac_sha256;
using orfeas::sha256;
using orfeas::sha256_digest;

namespace {

std::string hex(sha256_digest const& of) {
    std::string text;
    for (auto const each : of) {
        text.push_back("0123456789abcdef"[std::to_integer<unsigned>(each) >> 4U]);
        text.push_back("0123456789abcdef"[std::to_integer<unsigned>(each) & 15U]);
    }
    return text;
}

std::string digest(std::string_view of) {
    return hex(sha256{}.add(of).finish());
}

std::string code(std::string_view key, std::string_view of) {
    return hex(hmac_sha256{std::as_bytes(std::span{key})}.add(of).finish());
}

} // namespace

TEST_CASE("sha256: the examples of FIPS 180-4", "[core][sha256]") {
    CHECK(digest("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(digest("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnop"
                 "qrstnopqrstu") == "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
    CHECK(digest(std::string(1'000'000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("sha256: parts do not show, wherever the blocks end", "[core][sha256]") {
    for (std::size_t length = 0; length < 200; ++length) {
        std::string const text(length, 'x');
        sha256 parts;
        for (std::size_t at = 0; at < length; at += 7) {
            parts.add(std::string_view{text}.substr(at, 7));
        }
        CHECK(hex(parts.finish()) == digest(text));
    }
}

TEST_CASE("hmac_sha256: the examples of RFC 4231", "[core][sha256]") {
    std::string const twenty(20, '\x0b');
    CHECK(code(twenty, "Hi There") == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    CHECK(code("Jefe", "what do ya want for nothing?") ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    CHECK(code(std::string(20, '\xaa'), std::string(50, '\xdd')) ==
          "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    std::string counted;
    for (char c = 1; c <= 25; ++c) {
        counted.push_back(c);
    }
    CHECK(code(counted, std::string(50, '\xcd')) == "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
    std::string const large(131, '\xaa');
    CHECK(code(large, "Test Using Larger Than Block-Size Key - Hash Key First") ==
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    CHECK(code(large, "This is a test using a larger than block-size key and a larger than block-size data. The key "
                      "needs to be hashed before being used by the HMAC algorithm.") ==
          "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}
