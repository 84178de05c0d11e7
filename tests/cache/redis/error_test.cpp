// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cache/redis/error.hpp>

#include <boost/system/error_code.hpp>

#include <set>
#include <string>

namespace redis = orfeas::cache::redis;

TEST_CASE("redis: every error has a sentence of its own and becomes an error code of Asio's kind") {
    std::set<std::string> sentences;
    for (int value = 1; value <= static_cast<int>(redis::error::shut_down); ++value) {
        std::error_code const code = static_cast<redis::error>(value);
        CHECK(code.category().name() == std::string{"orfeas.cache.redis"});
        CHECK(code.message() != redis::describe(static_cast<redis::error>(0)));
        CHECK(boost::system::error_code{code}.failed());
        sentences.insert(code.message());
    }
    CHECK(sentences.size() == static_cast<std::size_t>(redis::error::shut_down));
}
