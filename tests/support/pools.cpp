// SPDX-License-Identifier: MIT
#include "support/pools.hpp"

template class orfeas::memory::basic_pool<orfeas::memory::device>;
template class orfeas::memory::basic_pool<orfeas::memory::device, orfeas::manual_clock>;
