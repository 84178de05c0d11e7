// SPDX-License-Identifier: MIT
#include "cache/redis/recorded_call.hpp"
#include "support/catch.hpp"

#include <orfeas/cache/redis/error.hpp>

#include <boost/asio/error.hpp>

using orfeas::cache::redis::error;
using orfeas_test::recorded_call;

TEST_CASE("redis call: it is settled once, by whoever comes first") {
    std::vector<std::string> order;
    recorded_call failed{"failed", order, 1, 0, orfeas::monotonic_time::max()};
    CHECK(failed.sink() != nullptr);
    CHECK(failed.fail(boost::asio::error::operation_aborted));
    CHECK(failed.is_settled());
    CHECK(failed.sink() == nullptr);
    CHECK_FALSE(failed.fail(make_error_code(error::timed_out)));
    CHECK_FALSE(failed.succeed(1));
    REQUIRE(failed.done);
    CHECK_FALSE(*failed.done);
    CHECK(failed.done->error == boost::asio::error::operation_aborted);
    CHECK_FALSE(failed.was_in_order);

    recorded_call answered{"answered", order, 2, 0, orfeas::monotonic_time::max()};
    CHECK_FALSE(answered.take_reply());
    CHECK(answered.take_reply());
    CHECK(answered.succeed(7));
    CHECK_FALSE(answered.fail(make_error_code(error::timed_out)));
    REQUIRE(answered.done);
    CHECK(*answered.done);
    CHECK(answered.done->generation == 7);
    CHECK(answered.was_in_order);
    CHECK(order == std::vector<std::string>{"failed", "answered"});
}
