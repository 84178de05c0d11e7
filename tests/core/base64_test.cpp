// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/base64.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

using orfeas::base64_decoded;
using orfeas::base64_encoded;

namespace {

std::string encoded(std::string_view text) {
    return base64_encoded(std::as_bytes(std::span{text}));
}

} // namespace

TEST_CASE("base64: bytes and text are those of RFC 4648", "[core][base64]") {
    for (auto const& [text, code] : {std::pair{"", ""},
                                     {"f", "Zg=="},
                                     {"fo", "Zm8="},
                                     {"foo", "Zm9v"},
                                     {"foob", "Zm9vYg=="},
                                     {"fooba", "Zm9vYmE="},
                                     {"foobar", "Zm9vYmFy"},
                                     {"\xff\xfe\xfd", "//79"}}) {
        CAPTURE(code);
        CHECK(encoded(text) == code);
        CHECK(base64_decoded(code) == text);
    }
}

TEST_CASE("base64: any bytes come back", "[core][base64]") {
    std::string all;
    for (int i = 0; i < 256; ++i) {
        all.push_back(static_cast<char>(i));
        CHECK(base64_decoded(encoded(all)) == all);
    }
}

TEST_CASE("base64: nothing else is read", "[core][base64]") {
    for (auto const* wrong : {"Z", "Zg", "Zg=", "Zg==Zg==", "Z===", "====", "Zm9\n", "Zm-_"}) {
        CAPTURE(wrong);
        CHECK_FALSE(base64_decoded(wrong));
    }
}
