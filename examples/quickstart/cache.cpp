// SPDX-License-Identifier: MIT
// A bounded cache in this process: byte capacity, time to live, readers without locks.
#include <orfeas/cache.hpp>

#include <iostream>
#include <memory>
#include <string>
#include <vector>

using mesh = std::vector<float>;

int main() {
    using namespace std::chrono_literals;
    orfeas::cache::local<std::string, std::shared_ptr<mesh const>> meshes{{.capacity_bytes = 1'000'000, .ttl = 10min}};

    for (int i = 0; i < 100; ++i) { // 40 kB each: only the last ones stay
        meshes.put("mesh " + std::to_string(i), std::make_shared<mesh const>(10'000));
    }
    meshes.put("logo", std::make_shared<mesh const>(500), 24h); // a time of its own

    std::cout << "mesh 0:  " << (meshes.get("mesh 0") ? "hit" : "miss") << '\n'
              << "mesh 99: " << (meshes.get("mesh 99") ? "hit" : "miss") << '\n';
    auto const stats = meshes.stats();
    std::cout << stats.entries << " entries in " << stats.bytes << " of " << stats.capacity_bytes << " bytes, "
              << stats.evictions << " evicted\n";
}
