// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/observe/coarse_history.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

using namespace orfeas;
using namespace std::chrono_literals;

namespace {

wall_time at_second(std::int64_t s) {
    return wall_time{std::chrono::seconds{s}};
}

/// Frames of some series, handed over one by one.
struct feed {
    explicit feed(observe::coarse_history_options const& options = {}) : coarse{options} {}

    void frame(std::int64_t second, std::vector<std::pair<std::string, double>> const& values) {
        frames.begin_frame(at_second(second));
        for (auto const& each : values) {
            frames.set(each.first, each.second, [&] {
                return observe::series{{},          each.first,  {{"a", "b"}}, measurement_kind::gauge,
                                       unit::bytes, "what it is"};
            });
        }
        coarse.take(frames);
    }

    observe::history frames{4};
    observe::coarse_history coarse;
};

observe::coarse_history_options small() {
    return {.fine_step = 2s, .fine_span = 10s, .coarse_step = 10s, .coarse_span = 40s};
}

} // namespace

TEST_CASE("observe: coarse stretches hold minimum, mean, maximum and count") {
    feed from;
    for (int i = 0; i < 20; ++i) {
        from.frame(1'000 + i, {{"x", i}});
    }
    auto const fine = from.coarse.read("x", 0);
    REQUIRE(fine.size() == 2);
    CHECK(fine[0].begin == at_second(1'000));
    CHECK(fine[0].value == observe::coarse_value{0, 4.5F, 9, 10});
    CHECK(fine[1].value == observe::coarse_value{10, 14.5F, 19, 10});
    auto const coarse = from.coarse.read("x", 1);
    REQUIRE(coarse.size() == 1);
    CHECK(coarse[0].begin == at_second(960));
    CHECK(coarse[0].value == observe::coarse_value{0, 9.5F, 19, 20});
    CHECK(from.coarse.read("x", 0, at_second(1'010)).size() == 1);
    CHECK(from.coarse.read("unknown", 0).empty());
}

TEST_CASE("observe: the defaults reach back an hour by 10 s and a day by a minute") {
    feed from;
    for (std::int64_t t = 0; t < 2 * 86'400; t += 5) {
        from.frame(t, {{"x", 1.0}});
    }
    CHECK(from.coarse.step(0) == 10s);
    CHECK(from.coarse.read("x", 0).size() == 360);
    CHECK(from.coarse.read("x", 1).size() == 1'440);
    CHECK(from.coarse.read("x", 1).front().begin == at_second(86'400));
}

TEST_CASE("observe: values that are missing or not finite leave gaps") {
    feed from{small()};
    from.frame(100, {{"x", 1}});
    from.frame(102, {{"x", std::nan("")}});
    from.frame(104, {});
    from.frame(106, {{"x", HUGE_VAL}});
    from.frame(108, {{"x", 5}});
    auto const found = from.coarse.read("x", 0);
    REQUIRE(found.size() == 2);
    CHECK(found[0].begin == at_second(100));
    CHECK(found[1].begin == at_second(108));
}

TEST_CASE("observe: series go when nothing of theirs is kept, and there is a limit to them") {
    auto options = small();
    options.most_series = 2;
    feed from{options};
    from.frame(100, {{"a", 1}, {"b", 1}, {"c", 1}});
    CHECK(from.coarse.series_count() == 2);
    CHECK(from.coarse.left_out() == 1);
    from.frame(130, {{"c", 1}});
    CHECK(from.coarse.series_count() == 2); // the coarser tier still has a and b
    from.frame(160, {{"c", 1}});
    CHECK(from.coarse.read("c", 0).size() == 1);
    std::vector<std::string> keys;
    from.coarse.for_each([&](observe::series const& each) { keys.push_back(each.key); });
    CHECK(keys == std::vector<std::string>{"c"});
}

TEST_CASE("observe: a clock that is set back overwrites what has become the future") {
    feed from{small()};
    from.frame(100, {{"x", 1}});
    from.frame(102, {{"x", 2}});
    from.frame(104, {{"x", 3}});
    from.frame(101, {{"x", 9}});
    auto const found = from.coarse.read("x", 0);
    REQUIRE(found.size() == 1);
    CHECK(found[0].value.count == 2);
    CHECK(found[0].value.max == 9);
    CHECK(found[0].value.mean == 5);
}

TEST_CASE("observe: coarse histories agree with a plain model under random frames") {
    auto const seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    auto const options = small();
    feed from{options};
    std::map<std::int64_t, std::vector<double>> model; // by stretch of the finer tier
    std::int64_t now = 1'000;
    for (int i = 0; i < 2'000; ++i) {
        now += static_cast<std::int64_t>(random() % 5);
        double const value = static_cast<double>(random() % 1'000) / 8;
        bool const has_value = random() % 4 != 0;
        from.frame(now, has_value ? std::vector<std::pair<std::string, double>>{{"x", value}, {"y", 1}}
                                  : std::vector<std::pair<std::string, double>>{{"y", 1}});
        if (has_value) {
            model[now / 2].push_back(value);
        }
        std::erase_if(model, [&](auto const& each) { return each.first <= now / 2 - 5; });
        auto const found = from.coarse.read("x", 0);
        REQUIRE(found.size() == model.size());
        auto expected = model.begin();
        for (auto const& each : found) {
            auto const& values = expected->second;
            REQUIRE(each.begin == at_second(expected->first * 2));
            REQUIRE(each.value.count == values.size());
            REQUIRE(each.value.max == static_cast<float>(*std::max_element(values.begin(), values.end())));
            REQUIRE(each.value.min == static_cast<float>(*std::min_element(values.begin(), values.end())));
            ++expected;
        }
    }
}

TEST_CASE("observe: a saved coarse history goes on as if it had not been interrupted") {
    feed whole{small()};
    feed first{small()};
    for (int i = 0; i < 33; ++i) {
        whole.frame(500 + i, {{"x", i % 7}, {"y", 2}});
        first.frame(500 + i, {{"x", i % 7}, {"y", 2}});
    }
    std::vector<std::byte> saved;
    first.coarse.save(saved);
    feed second{small()};
    REQUIRE(second.coarse.load(saved));
    for (int i = 33; i < 40; ++i) {
        whole.frame(500 + i, {{"x", i % 7}});
        second.frame(500 + i, {{"x", i % 7}});
    }
    std::vector<std::byte> of_whole;
    std::vector<std::byte> of_second;
    whole.coarse.save(of_whole);
    second.coarse.save(of_second);
    CHECK(of_whole == of_second);
    second.coarse.for_each([](observe::series const& each) {
        CHECK(each.unit == unit::bytes);
        CHECK(each.help == "what it is");
        CHECK(each.labels.size() == 1);
    });
}

TEST_CASE("observe: a coarse history refuses bytes that are not its own, and keeps what it has") {
    feed from{small()};
    from.frame(500, {{"x", 1}});
    std::vector<std::byte> saved;
    from.coarse.save(saved);
    feed other{small()};
    other.frame(500, {{"y", 1}});
    for (std::size_t size = 0; size < saved.size(); ++size) {
        REQUIRE_FALSE(other.coarse.load(std::span{saved}.first(size)));
    }
    auto longer = saved;
    longer.push_back(std::byte{0});
    CHECK_FALSE(other.coarse.load(longer));
    observe::coarse_history another{{.fine_step = 5s}};
    CHECK_FALSE(another.load(saved));
    CHECK(other.coarse.read("y", 0).size() == 1);
    CHECK(other.coarse.series_count() == 1);
}

TEST_CASE("observe: options of a coarse history are checked") {
    CHECK_THROWS_WITH(observe::coarse_history({.fine_step = 60s}), orfeas_test::contains("coarse_step"));
    CHECK_THROWS_WITH(observe::coarse_history({.fine_span = 5s}), orfeas_test::contains("fine_span"));
    CHECK_THROWS_WITH(observe::coarse_history({.coarse_span = 30s}), orfeas_test::contains("coarse_span"));
    CHECK_THROWS_WITH(observe::coarse_history({.most_series = 0}), orfeas_test::contains("most_series"));
}
