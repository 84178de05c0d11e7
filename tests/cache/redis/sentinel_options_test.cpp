// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cache/redis/sentinel_options.hpp>

#include <string>
#include <utility>
#include <vector>

namespace redis = orfeas::cache::redis;
using orfeas_test::contains;

namespace {

std::string refusal_of(redis::sentinel_options const& options) {
    try {
        orfeas::validate(options);
    } catch (orfeas::option_error const& e) {
        return e.what();
    }
    return "none";
}

redis::sentinel_options of(std::vector<std::string> sentinels) {
    redis::sentinel_options options;
    options.sentinels = std::move(sentinels);
    return options;
}

} // namespace

TEST_CASE("redis sentinel_options: Sentinels are named by address, with a port of their own") {
    auto const servers = of({"redis://a", "redis://:pw@b:6379", "redis://c:1/"}).servers();
    REQUIRE(servers.size() == 3);
    CHECK(to_text(servers[0]) == "a:26379");
    CHECK(to_text(servers[1]) == "b:6379");
    CHECK(servers[1].password == "pw");
    CHECK(to_text(servers[2]) == "c:1");
}

TEST_CASE("redis sentinel_options: what cannot be used is refused with field and value") {
    CHECK(refusal_of(of({"redis://a", "redis://b"})) == "none");
    CHECK_THAT(refusal_of({}), contains("sentinels"));
    CHECK_THAT(refusal_of(of({"redis://a", "redis://a:26379"})), contains("'a:26379'") && contains("once"));
    CHECK_THAT(refusal_of(of({"a:26379"})), contains("sentinels is 'a:26379'"));
    auto nameless = of({"redis://a"});
    nameless.name = "";
    CHECK_THAT(refusal_of(nameless), contains("name"));
    auto open = of({"redis://a"});
    open.user = "ann";
    CHECK_THAT(refusal_of(open), contains("user is 'ann'"));
    auto hasty = of({"redis://a"});
    hasty.refresh_interval = {};
    CHECK_THAT(refusal_of(hasty), contains("refresh_interval"));
}
