// SPDX-License-Identifier: MIT
#include <orfeas/memory.hpp>
#include <orfeas/memory/snapshot_json.hpp>
#include <orfeas/memory/snapshot_summary.hpp>

#include <fstream>
#include <iostream>
#include <source_location>
#include <string_view>

int main(int count, char** arguments) {
    using namespace orfeas;
    memory::pool pool{memory::best_device(), {.event_capacity = 10'000}}; // without events, no call sites and times
    auto const images = pool.tag("images");
    auto const here = pool.site(std::source_location::current());

    void* const picture = pool.allocate(3_MiB, 256, {.tag = images, .site = here});
    void* const thumbnail = pool.allocate(100_KiB, 256, {.tag = images, .site = here});
    pool.deallocate(thumbnail, 100_KiB, 256);

    memory::memory_snapshot const now = pool.snapshot("studio");
    std::cout << to_text(now);
    if (count > 1) {
        std::ofstream file{arguments[1]}; // for orfeas-memory
        memory::write_json_lines(now, [&](std::string_view chunk) { file << chunk; });
    }
    pool.deallocate(picture, 3_MiB, 256);
}
