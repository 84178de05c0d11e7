// SPDX-License-Identifier: MIT
#include "reading.hpp"
#include "support/catch.hpp"

#include <orfeas/metrics/detail/label_key.hpp>
#include <orfeas/metrics/registry.hpp>
#include <orfeas/metrics/typed_family.hpp>

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace metrics = orfeas::metrics;
using metrics::unbounded;
using metrics_test::measured;

namespace {

template<class Family, class... Values>
concept takes = requires(Family const& family, Values const&... values) { family.with(values...); };

using two_labels = decltype(std::declval<metrics::registry&>().counter_family<"method", "status">("", ""));
static_assert(takes<two_labels, char const*, std::string>);
static_assert(!takes<two_labels, char const*>);
static_assert(!takes<two_labels, char const*, char const*, char const*>);
static_assert(!takes<two_labels, char const*, int>);

} // namespace

TEST_CASE("metrics: a typed family gives the same series as the registry, whatever the order of the names") {
    metrics::registry registry;
    auto requests = registry.counter_family<"status", "method">("requests_total", "Requests.");
    requests.with("200", "GET").add(2);
    requests.with(std::string{"200"}, std::string_view{"GET"}).add();
    requests.with("200", "").add(9);
    CHECK(registry.counter("requests_total", "Requests.", {{"method", "GET"}, {"status", "200"}}).value() == 3);
    auto const again = registry.counter_family<"method", "status">("requests_total", "Requests.");
    CHECK(again.with("GET", "200").value() == 3);
    CHECK(again.with("", "200").value() == 9);
    CHECK_THROWS_AS((registry.counter_family<"method", "path">("requests_total", "Requests.")),
                    metrics::registration_error);
    CHECK_THROWS_AS((registry.gauge_family<"method", "status">("requests_total", "Requests.")),
                    metrics::registration_error);
}

TEST_CASE("metrics: families of all types") {
    metrics::registry registry;
    registry.gauge_family<"gpu">("celsius", "Heat.").with("0").set(61);
    registry.up_down_counter_family<"pool">("held_bytes", "Held.").with("a").sub(3);
    registry.histogram_family<"route">("wait_seconds", "Wait.", {.lowest = 1, .highest = 8}).with("/").observe(2.0);
    registry.counter_family<>("calls_total", "Calls.").with().add();
    auto const values = measured(registry);
    CHECK(values.at("celsius,gpu=0") == 61);
    CHECK(values.at("held_bytes,pool=a") == -3);
    CHECK(values.at("wait_seconds_sum,route=/") == 2);
    CHECK(values.at("calls_total") == 1);
    auto const handle = registry.callback_gauge("celsius", "Heat.", [] { return 1.0; }, {{"gpu", "1"}});
    CHECK_THROWS_AS(registry.gauge_family<"gpu">("celsius", "Heat.").with("1"), metrics::registration_error);
}

TEST_CASE("metrics: label values of any length and content are told apart") {
    metrics::registry registry;
    auto family = registry.counter_family<"a", "b">("calls_total", "Calls.");
    std::vector<std::string> values{""};
    for (std::size_t length = 1; length <= 40; ++length) {
        values.push_back(std::string(length, 'x'));
        values.push_back(std::string(length - 1, 'x') + '\0');
        values.push_back('y' + std::string(length - 1, 'x'));
    }
    values.push_back(std::string(5'000, 'z'));
    for (std::size_t i = 0; i < values.size(); ++i) {
        family.with(values[i], values[(i * 7) % values.size()]).add(i + 1);
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
        CHECK(family.with(values[i], values[(i * 7) % values.size()]).value() == static_cast<double>(i + 1));
    }
}

TEST_CASE("metrics: a full family collapses only its unbounded labels, and counts it") {
    metrics::registry registry{{.max_series = 4}};
    auto requests = registry.counter_family<"method", unbounded<"path">>("requests_total", "Requests.");
    for (int i = 0; i < 100; ++i) {
        requests.with(i % 2 == 0 ? "GET" : "PUT", "/" + std::to_string(i)).add();
    }
    auto const values = measured(registry);
    CHECK(values.at("requests_total,method=GET,path=/0") == 1);
    CHECK(values.at("requests_total,method=PUT,path=/3") == 1);
    CHECK(values.at("requests_total,method=GET,path=overflow") == 48);
    CHECK(values.at("requests_total,method=PUT,path=overflow") == 48);
    CHECK_FALSE(values.contains("requests_total,method=overflow,path=overflow"));
    CHECK(values.at("metrics_overflows_total") == 96);
    requests.with("PUT", "/3").add();
    CHECK(requests.with("PUT", "/3").value() == 2);
}

TEST_CASE("metrics: when the collapsed labels are too many too, all labels overflow") {
    metrics::registry registry{{.max_series = 2}};
    auto requests = registry.counter_family<"method", unbounded<"path">>("requests_total", "Requests.");
    for (int i = 0; i < 50; ++i) {
        requests.with("M" + std::to_string(i), "/").add();
    }
    auto const values = measured(registry);
    CHECK(values.at("requests_total,method=M0,path=/") == 1);
    CHECK(values.at("requests_total,method=M1,path=/") == 1);
    CHECK(values.at("requests_total,method=M2,path=overflow") == 1);
    CHECK(values.at("requests_total,method=M3,path=overflow") == 1);
    CHECK(values.at("requests_total,method=overflow,path=overflow") == 46);
    CHECK(values.at("metrics_overflows_total") == 48);
    CHECK(values.at("metrics_series") == 3 + 5);
    CHECK(registry.remove("requests_total", {{"method", "M0"}, {"path", "/"}}));
    requests.with("new", "/").add(); // there is room again
    CHECK(measured(registry).at("requests_total,method=new,path=/") == 1);
}

TEST_CASE("metrics: threads that ask for the same new series get one") {
    metrics::registry registry;
    auto const family = registry.counter_family<"a">("calls_total", "Calls.");
    std::vector<std::thread> threads;
    std::atomic<int> ready{0};
    for (int id = 0; id < 4; ++id) {
        threads.emplace_back([&] {
            ++ready;
            while (ready < 4) {}
            for (int i = 0; i < 500; ++i) {
                family.with(std::to_string(i)).add();
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    for (int i = 0; i < 500; ++i) {
        REQUIRE(family.with(std::to_string(i)).value() == 4);
    }
    CHECK(measured(registry).at("metrics_series") == 503);
}

TEST_CASE("metrics: in a full family a lookup finds its own series, whatever is removed beside it") {
    constexpr std::size_t most = 7;
    metrics::registry registry{{.max_series = most}};
    auto const family = registry.counter_family<"id">("calls_total", "Calls.");
    std::vector<std::string> ids; // that are looked for in the same place, so that a removal moves the others
    for (int i = 0; ids.size() < most; ++i) {
        std::string const id = std::to_string(i);
        std::string_view const values[] = {id};
        if ((metrics::detail::hash_of(values) >> 32U) % 16 == 3) {
            ids.push_back(id);
        }
    }
    for (auto const& id : ids) {
        family.with(id);
    }
    using handle_bytes = std::array<std::byte, sizeof(metrics::counter)>;
    auto const overflow = std::bit_cast<handle_bytes>(family.with("other"));
    std::atomic<unsigned> turn{0};
    std::atomic<bool> done{false};
    std::size_t looks = 0;
    std::size_t misses = 0;
    std::thread reader{[&] {
        for (unsigned i = 0; !done; ++i) {
            unsigned const before = turn;
            auto const got = std::bit_cast<handle_bytes>(family.with(ids[(before + 3 + i % 4) % most]));
            if (turn - before <= 2) { // it was there all the time
                ++looks;
                misses += got == overflow ? 1U : 0U;
            }
        }
    }};
    for (unsigned i = 0; i < 100'000; ++i) {
        turn = i;
        auto const& id = ids[i % most];
        REQUIRE(registry.remove("calls_total", {{"id", id}}));
        family.with(id);
    }
    done = true;
    reader.join();
    CHECK(misses == 0);
    CHECK(looks > 0);
}
