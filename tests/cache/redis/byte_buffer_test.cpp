// SPDX-License-Identifier: MIT
#include "memory/random.hpp"
#include "support/catch.hpp"

#include <orfeas/cache/redis/byte_buffer.hpp>

#include <random>
#include <string>
#include <utility>

using orfeas::cache::redis::byte_buffer;

TEST_CASE("redis byte_buffer: it holds what a string would hold") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    byte_buffer buffer;
    std::string model;
    for (int i = 0; i < 2000; ++i) {
        std::string const more(random() % 200, static_cast<char>(random()));
        auto const dice = random() % 100;
        if (dice < 60) {
            buffer.append(more);
            model += more;
        } else if (dice < 70) {
            char* const room = buffer.prepare(more.size() + 10);
            more.copy(room, more.size());
            buffer.commit(more.size());
            model += more;
        } else if (dice < 95) {
            auto const gone = random() % (model.size() + 1);
            buffer.consume(gone);
            model.erase(0, gone);
        } else {
            buffer.clear();
            model.clear();
        }
        REQUIRE(buffer.view() == model);
        REQUIRE(buffer.empty() == model.empty());
    }
}

TEST_CASE("redis byte_buffer: moving leaves nothing, copying leaves all") {
    byte_buffer a;
    a.append("abc");
    byte_buffer const b = a;
    byte_buffer c = std::move(a);
    CHECK(a.empty()); // NOLINT: what is moved from is empty
    CHECK(a.capacity() == 0);
    CHECK(b.view() == "abc");
    c.append("def");
    CHECK(c.view() == "abcdef");
    a = c;
    CHECK(a.view() == "abcdef");
}

TEST_CASE("redis byte_buffer: cleared it keeps its memory, unless that is too much") {
    byte_buffer b;
    b.append(std::string(1000, 'x'));
    auto const before = b.capacity();
    b.clear_to(before);
    CHECK(b.empty());
    CHECK(b.capacity() == before);
    b.clear_to(before - 1);
    CHECK(b.capacity() == 0);
    b.append("y");
    CHECK(b.view() == "y");
}
