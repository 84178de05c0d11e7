// SPDX-License-Identifier: MIT
// Which node keeps a key: all processes with the same members agree, and a new node takes its share and no more.
#include <orfeas/cache/hash_ring.hpp>

#include <iostream>
#include <string>

int main() {
    orfeas::cache::hash_ring const three{{{"10.0.0.1:6379"}, {"10.0.0.2:6379"}, {"10.0.0.3:6379", 2}}};
    orfeas::cache::hash_ring const four = three.with({"10.0.0.4:6379"}); // a ring is a value: readers exchange it

    int moved = 0;
    for (int i = 0; i < 100'000; ++i) {
        auto const hash = three.hash_of("mesh " + std::to_string(i));
        moved += three.node_of(hash) == four.node_of(hash) ? 0 : 1;
    }
    for (std::size_t node = 0; node < four.size(); ++node) {
        std::cout << four.members()[node].name << " keeps " << four.share(node) * 100 << " % of the keys\n";
    }
    std::cout << moved / 1'000.0 << " % of them moved, 20 % had to\n";
}
