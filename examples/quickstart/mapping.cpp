// SPDX-License-Identifier: MIT
#include <orfeas/memory.hpp>

#include <cstring>
#include <iostream>

int main() {
    using namespace orfeas;
    memory::host_vmm const host;
    auto const granule = host.granule_bytes(); // 0: this device cannot map
    if (granule == 0) {
        return 0;
    }
    auto const at = host.reserve_addresses(4 * granule);
    auto const one = host.create(granule);
    auto const two = host.create(granule);
    host.map(at, granule, two); // any order, any place
    host.map(at + granule, granule, one);
    host.allow_access(at, 2 * granule); // one call for the run: now it is memory
    host.map(at + 3 * granule, granule, one);
    host.allow_access(at + 3 * granule, granule);

    char* const text = reinterpret_cast<char*>(at + granule) - 6;
    std::strcpy(text, "across the seam");                                           // in two and in one
    std::cout << text << ", " << reinterpret_cast<char*>(at + 3 * granule) << '\n'; // one again, elsewhere

    for (auto const mapped : {at, at + granule, at + 3 * granule}) {
        host.unmap(mapped, granule);
    }
    host.destroy(one, granule);
    host.destroy(two, granule);
    host.release_addresses(at, 4 * granule);
}
