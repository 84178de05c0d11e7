// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/net/task.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <utility>
#include <vector>

namespace orfeas::inline v0::net {

/// Runs all tasks at the same time, on the caller's executor, and ends when all have ended. When some have thrown, the
/// exception of the first of them in order is thrown on. A caller that is cancelled cancels all. O(tasks).
inline task<> gather(std::vector<task<>> all) {
    if (all.size() == 1) { // no need for company
        co_await std::move(all.front());
        co_return;
    }
    if (all.empty()) {
        co_return;
    }
    auto const executor = co_await boost::asio::this_coro::executor;
    using operation = decltype(boost::asio::co_spawn(executor, std::move(all.front()), boost::asio::deferred));
    std::vector<operation> started;
    started.reserve(all.size());
    for (auto& each : all) {
        started.push_back(boost::asio::co_spawn(executor, std::move(each), boost::asio::deferred));
    }
    auto group = boost::asio::experimental::make_parallel_group(std::move(started));
    boost::asio::experimental::wait_for_all const condition;
    auto const [order, errors] = co_await group.async_wait(condition, boost::asio::use_awaitable);
    for (auto const& error : errors) {
        if (error != nullptr) {
            std::rethrow_exception(error);
        }
    }
}

} // namespace orfeas::inline v0::net
