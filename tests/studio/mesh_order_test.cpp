// SPDX-License-Identifier: MIT
#include "service/mesh_order.hpp"
#include "support/catch.hpp"

#include <exception>
#include <new>
#include <optional>
#include <stdexcept>

TEST_CASE("studio: an answer that cannot be handed over ends its order alone") {
    orfeas::metrics::registry metrics;
    orfeas::trace::tracer tracer;
    studio::stage_recorder stages{metrics, tracer};
    int asked = 0;
    studio::mesh_order order{{}, nullptr, {}, {}, stages, [&](std::exception_ptr, std::optional<studio::encoded_mesh>) {
                                 ++asked;
                                 throw std::bad_alloc{};
                             }};
    auto const why = std::make_exception_ptr(std::runtime_error{"no picture"});
    CHECK_NOTHROW(order.failed(why));
    CHECK_NOTHROW(order.failed(why)); // it was answered
    CHECK(asked == 1);
}
