// SPDX-License-Identifier: MIT
//
// The pools that tests use, compiled once for all of them by pools.cpp: a pool costs seconds of a compiler's time in each
// file that makes one of a type of its own. Any backend fits into a `pool`.
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/manual_clock.hpp>
#include <orfeas/memory/device.hpp>
#include <orfeas/memory/pool.hpp>

namespace orfeas_test {

using pool_on_manual_clock = orfeas::memory::basic_pool<orfeas::memory::device, orfeas::manual_clock>;

} // namespace orfeas_test

extern template class orfeas::memory::basic_pool<orfeas::memory::device>;
extern template class orfeas::memory::basic_pool<orfeas::memory::device, orfeas::manual_clock>;
