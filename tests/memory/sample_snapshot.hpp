// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/snapshot.hpp>

#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace orfeas_test {

/// A snapshot with each kind of thing in it: two tags, two call sites, a mapped range and a whole segment, all states of a
/// block, all kinds of events, three events lost.
inline orfeas::memory::memory_snapshot sample_snapshot() {
    using namespace orfeas::memory;
    using kind = event_kind;
    constexpr std::uint64_t base = 0x7f00'0000'0000;
    constexpr std::uint64_t segment = 0x7f80'0000'0000;
    memory_snapshot sample{
        .name = "pool \"a\"\n", .device = "null device", .clock_ns = 9'000'000'000, .remaps = true, .events_lost = 3};
    sample.profile = {.total_bytes = 1U << 30U,
                      .allocated_bytes = 3072,
                      .reserved_bytes = 12288,
                      .free_bytes = (1U << 30U) - 3072,
                      .largest_free_bytes = 4096,
                      .peak_allocated_bytes = 6144,
                      .allocations = 2,
                      .fragmentation_ratio = 0.25,
                      .utilization_ratio = 0.5,
                      .pressure = memory_pressure::medium,
                      .time = orfeas::wall_time{std::chrono::seconds{1'700'000'000}}};
    sample.ranges = {{.address = base,
                      .bytes = 8192,
                      .blocks = {{.address = base,
                                  .bytes = 2048,
                                  .requested_bytes = 1700,
                                  .allocated_ns = 1'000'000'000,
                                  .site = 2,
                                  .tag = 2,
                                  .state = block_state::used},
                                 {.address = base + 2048, .bytes = 2048, .stream = 1, .state = block_state::pending},
                                 {.address = base + 4096, .bytes = 4096}}},
                     {.address = segment,
                      .bytes = 4096,
                      .stream = 1,
                      .whole_segment = true,
                      .blocks = {{.address = segment,
                                  .bytes = 1024,
                                  .requested_bytes = 1024,
                                  .allocated_ns = 8'000'000'000,
                                  .stream = 1,
                                  .state = block_state::used},
                                 {.address = segment + 1024, .bytes = 3072}}}};
    sample.tags = {{.tag = 2,
                    .name = "weights",
                    .current_bytes = 2048,
                    .peak_bytes = 4096,
                    .allocations = 1,
                    .allocations_total = 3,
                    .byte_seconds = 1.5},
                   {.tag = 0,
                    .name = "untagged",
                    .current_bytes = 1024,
                    .peak_bytes = 1024,
                    .allocations = 1,
                    .allocations_total = 1}};
    sample.tags[0].lifetimes.record(1'000'000);
    sample.sites = {{.site = 2,
                     .file = "model.cpp",
                     .line = 42,
                     .function = "load(<weights> & \"more\")",
                     .current_bytes = 2048,
                     .allocations = 1,
                     .allocations_total = 3}};
    sample.events = {
        {.time_ns = 1'000'000'000, .address = base, .bytes = 2048, .related = 1700, .site = 2, .tag = 2},
        {.time_ns = 2'000'000'000,
         .address = base + 2048,
         .bytes = 2048,
         .related = 2048,
         .site = 2,
         .tag = 2,
         .stream = 1},
        {.time_ns = 3'000'000'000, .address = segment, .bytes = 4096, .stream = 1, .kind = kind::reserve},
        {.time_ns = 4'000'000'000,
         .address = base + 2048,
         .bytes = 2048,
         .related = 2048,
         .site = 2,
         .tag = 2,
         .stream = 1,
         .kind = kind::deallocate},
        {.time_ns = 5'000'000'000, .bytes = 1U << 31U, .related = 4096, .site = 2, .kind = kind::refuse},
        {.time_ns = 5'500'000'000, .address = base + 4096, .bytes = 2048, .related = base + 65536, .kind = kind::move},
        {.time_ns = 6'000'000'000, .bytes = 4096, .kind = kind::cleanup},
        {.time_ns = 6'500'000'000, .address = base + 65536, .bytes = 4096, .kind = kind::release},
        {.time_ns = 7'000'000'000, .address = base + 2048, .bytes = 2048, .stream = 1, .kind = kind::fence},
        {.time_ns = 8'000'000'000, .address = segment, .bytes = 1024, .related = 1024, .stream = 1},
    };
    for (std::uint64_t i = 0; i < sample.events.size(); ++i) {
        sample.events[i].sequence = 3 + i;
    }
    return sample;
}

/// Events of a pool that comes and goes: `count` of them with tags 0 to 7, sites 0 to 99 and streams 0 to 2.
inline std::vector<orfeas::memory::allocation_event> many_events(std::uint64_t count, std::uint64_t seed = 1) {
    std::mt19937_64 random{seed};
    std::vector<orfeas::memory::allocation_event> events;
    std::vector<orfeas::memory::allocation_event> live;
    for (std::uint64_t i = 0; i < count; ++i) {
        auto const time = 1'000'000'000'000 + i * 1000;
        if (live.size() < 2000 && (live.empty() || random() % 2 == 0)) {
            auto const units = 1 + random() % 4096;
            live.push_back({.address = 0x7f00'0000'0000 + i * 0x20'0000,
                            .bytes = units * 512,
                            .related = units * 512 - random() % 512,
                            .site = static_cast<std::uint32_t>(random() % 100),
                            .tag = static_cast<std::uint16_t>(random() % 8),
                            .stream = static_cast<std::uint8_t>(random() % 3)});
            events.push_back(live.back());
        } else {
            auto const at = random() % live.size();
            events.push_back(live[at]);
            events.back().kind = orfeas::memory::event_kind::deallocate;
            live[at] = live.back();
            live.pop_back();
        }
        events.back().sequence = i;
        events.back().time_ns = time;
    }
    return events;
}

/// A sink that keeps all in one string.
struct string_sink {
    std::string text{};

    void operator()(std::string_view chunk) { text.append(chunk); }
};

} // namespace orfeas_test
