// SPDX-License-Identifier: MIT
#include <orfeas/memory.hpp>

#include <iostream>
#include <numeric>
#include <vector>

int main() {
    using namespace orfeas;
    memory::pool pool{memory::best_device()}; // a CUDA device if there is one, else host memory
    std::cout << "device: " << pool.backend().name() << ", " << format_bytes(pool.profile().total_bytes) << '\n';

    memory::buffer<float> heights{pool, 512 * 512}; // back to the pool at the end of the scope
    std::vector<float> host(heights.size());
    std::iota(host.begin(), host.end(), 0.0F);
    heights.copy_in(host); // works for a GPU and for the host alike

    auto const profile = pool.profile();
    std::cout << "allocated " << format_bytes(profile.allocated_bytes) << " of " << format_bytes(profile.reserved_bytes)
              << " reserved, pressure " << to_string(profile.pressure) << '\n';

    try {
        memory::buffer<float> everything{pool, profile.total_bytes};
    } catch (memory::out_of_memory const& e) {
        std::cout << e.what() << '\n';
    }
}
