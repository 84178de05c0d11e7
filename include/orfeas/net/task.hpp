// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/config.hpp>

#if ORFEAS_CUDACC()
#    error "orfeas/net and orfeas/http need a host compiler: include them from a .cpp, not from a .cu"
#endif

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace orfeas::inline v0 {

/// What a coroutine of orfeas returns: an Asio awaitable on a type-erased executor. It starts when it is awaited or
/// spawned, and is resumed on the executor that it was spawned on.
template<class T = void>
using task = boost::asio::awaitable<T, boost::asio::any_io_executor>;

} // namespace orfeas::inline v0
