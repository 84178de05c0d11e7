// SPDX-License-Identifier: MIT
#include <orfeas/core/bytes.hpp>
#include <orfeas/core/version.hpp>

#include <iostream>

int main() {
    using namespace orfeas::literals;
    std::cout << ORFEAS_VERSION_STRING << ' ' << 64_MiB << '\n';
    return orfeas::current_version.major == ORFEAS_VERSION_MAJOR ? 0 : 1;
}
