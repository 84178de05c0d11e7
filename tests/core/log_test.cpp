// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/log.hpp>
#include <orfeas/core/manual_clock.hpp>

#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace orfeas;
using namespace std::chrono_literals;

namespace {

struct recording_sink {
    struct entry {
        severity level;
        std::string component;
        std::string event;
        std::size_t fields;
        std::uint64_t suppressed;
    };
    std::vector<entry> entries;

    void write(log_event const& e) noexcept {
        entries.push_back({e.level, std::string{e.component}, std::string{e.event}, e.fields.size(), e.suppressed});
    }
};
static_assert(log_sink<recording_sink>);

struct throwing_sink {
    void write(log_event const&);
};
static_assert(!log_sink<throwing_sink>);

} // namespace

TEST_CASE("core: a logger without sink is silent") {
    logger const log;
    CHECK_FALSE(log);
    log(severity::error, "core", "nothing_happens", {{"n", 1}});
}

TEST_CASE("core: events reach the sink with their fields") {
    auto const sink = std::make_shared<recording_sink>();
    logger const log{sink};
    CHECK(log);
    log(severity::warning, "memory", "cleanup_failed", {{"freed_bytes", 0}, {"reason", "busy"}, {"retry", true}});
    REQUIRE(sink->entries.size() == 1);
    CHECK(sink->entries[0].level == severity::warning);
    CHECK(sink->entries[0].component == "memory");
    CHECK(sink->entries[0].event == "cleanup_failed");
    CHECK(sink->entries[0].fields == 3);
    CHECK(sink->entries[0].suppressed == 0);
}

TEST_CASE("core: like events beyond the rate are counted and told with the next") {
    auto const sink = std::make_shared<recording_sink>();
    manual_clock clock;
    logger const log{sink, {.burst = 2, .interval = 1000ms}, clock};
    for (int i = 0; i < 5; ++i) {
        log(severity::info, "cache", "eviction");
    }
    CHECK(sink->entries.size() == 2);
    log(severity::info, "cache", "other");
    CHECK(sink->entries.size() == 3);
    clock.advance(1s);
    log(severity::info, "cache", "eviction");
    REQUIRE(sink->entries.size() == 4);
    CHECK(sink->entries[3].suppressed == 3);
    clock.advance(1h);
    for (int i = 0; i < 5; ++i) {
        log(severity::info, "cache", "eviction");
    }
    CHECK(sink->entries.size() == 6);
    CHECK(sink->entries[4].suppressed == 0);
}

TEST_CASE("core: options of the logger are checked") {
    auto const sink = std::make_shared<recording_sink>();
    CHECK_THROWS_AS((logger{sink, {.burst = 0}}), option_error);
}

TEST_CASE("core: threads may share a logger") {
    auto const sink = std::make_shared<recording_sink>();
    logger const log{sink, {.burst = 10'000}};
    auto const work = [log] {
        for (int i = 0; i < 1000; ++i) {
            log(severity::info, "core", "shared", {{"i", i}});
        }
    };
    std::jthread first{work};
    std::jthread second{work};
    first.join();
    second.join();
    CHECK(sink->entries.size() == 2000);
}
