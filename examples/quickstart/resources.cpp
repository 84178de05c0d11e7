// SPDX-License-Identifier: MIT
#include <orfeas/memory.hpp>
#include <orfeas/memory/failing_resource.hpp>
#include <orfeas/memory/tracking_resource.hpp>

#include <iostream>

int main() {
    using namespace orfeas;
    memory::pool pool{memory::best_device()};

    memory::limiting_resource share{pool, 64_MiB}; // of the pool, for one model
    memory::tracking_resource tracked{share};      // what is live in it
    memory::thread_cache cache{tracked};           // of the worker that runs this
    using resource = decltype(cache);

    auto const gain = memory::make_unique_in(cache, 1.5F); // one object, on the device
    { memory::buffer<float, resource> heights{cache, 10'000}; }
    std::cout << "used " << format_bytes(share.used_bytes()) << " of " << format_bytes(share.limit_bytes())
              << ", of which the cache keeps " << format_bytes(cache.cached_bytes()) << '\n';
    cache.flush();
    std::cout << tracked.leaks(); // the gain

    memory::reserving_resource shared{pool, 256_MiB}; // by tasks that must not run dry half-way
    auto task = shared.reserve(100_MiB);              // throws here, or not at all
    {
        memory::buffer<float, decltype(task)> scratch{task, 1'000'000};
        std::cout << "the task has " << format_bytes(task.balance_bytes()) << " left, all others "
                  << format_bytes(shared.available_bytes()) << '\n';
    }

    memory::failing_resource failing{pool, {.nth = 2}}; // in a test: what does the program do without memory?
    memory::buffer<float, decltype(failing)> first{failing, 100};
    std::cout << (memory::buffer<float, decltype(failing)>::try_make(failing, 100) ? "served" : "refused") << '\n';
}
