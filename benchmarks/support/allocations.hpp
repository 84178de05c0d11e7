// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace bench {

/// Calls of operator new of the whole program so far. A program that asks links support/allocations.cpp, which replaces
/// the operator.
std::uint64_t allocations() noexcept;

/// The bytes that they asked for.
std::uint64_t allocated_bytes() noexcept;

} // namespace bench
